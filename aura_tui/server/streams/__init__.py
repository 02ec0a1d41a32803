"""Event streams to many readers: the broadcaster, the ring of recent events, the response.

Routes are in ``server.jobs``.
"""
