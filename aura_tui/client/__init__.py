"""The remote JobService: an engine in another process, over HTTP and server-sent events.

``service.py`` is the port, ``healing.py`` the stream that comes back by itself, ``dialect.py``
what servers that nobody here wrote say. ``httpx`` is imported when a connection is first made.
"""
