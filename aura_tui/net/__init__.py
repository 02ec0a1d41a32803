"""What client and providers share on the network: backoff, public addresses.

It knows neither jobs nor providers.
"""
