"""The remote JobService: an engine in another process, over HTTP and server-sent events.

``service.py`` implements the port, ``reconnecting_stream.py`` resumes a broken stream, and
``legacy_reader.py`` reads servers without replay. httpx is imported with the first connection.
"""
