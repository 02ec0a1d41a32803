"""Texts for people: durations, sizes, counts, the connection, the impact of a cancel.

The board, the plain lines and the CLI share them. No I/O, no Textual.
"""
