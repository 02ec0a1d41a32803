"""Which language and writing system a text has.

Data and pure functions; no provider.
"""
