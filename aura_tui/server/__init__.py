"""A JobService over HTTP: an ASGI app, authentication, limits, event streams, and the listener.

``serve.py`` is the entry point. Only the modules it starts import starlette and uvicorn.
"""
