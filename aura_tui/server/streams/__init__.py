"""Event streams to many readers: broadcast, the ring of recent events, one response, its end.

Routes are in ``server.jobs``.
"""
