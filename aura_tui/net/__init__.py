"""What client and providers share on the network: one exchange, headers, backoff, addresses.

It knows neither jobs nor providers.
"""
