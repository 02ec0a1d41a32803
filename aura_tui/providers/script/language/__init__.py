"""Detects the language and writing system of a text.

Data and pure functions; no provider.
"""
