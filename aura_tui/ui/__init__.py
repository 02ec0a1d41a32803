"""The board: the only package that imports Textual.

Plain lines and JSON are in ``views``; what a service does is in ``service`` and its
implementations.
"""
