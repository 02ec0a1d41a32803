"""The board: the one room where Textual is imported.

Plain lines and JSON are in ``views``; what a service does is in ``service`` and its
implementations.
"""
