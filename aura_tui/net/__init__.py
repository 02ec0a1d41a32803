"""Network code that client and providers share: one HTTP exchange, headers, backoff, addresses.

Nothing here knows about jobs or providers.
"""
