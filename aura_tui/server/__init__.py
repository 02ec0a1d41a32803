"""A JobService over HTTP: an ASGI app, authentication, limits, event streams, and the listener.

``serve.py`` is the way in. starlette and uvicorn are imported by what it starts, and nowhere else.
"""
