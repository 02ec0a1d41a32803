"""Network code that client and providers share: one HTTP exchange, headers, backoff, addresses.

It knows neither jobs nor providers.
"""
