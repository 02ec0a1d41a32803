"""A JobService over HTTP: an ASGI app, who may use it, and where it listens.

``run.py`` is the way in. starlette and uvicorn are imported by what it starts, and by nothing
else of aura-tui.
"""
