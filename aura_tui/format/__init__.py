"""Words and quantities for people: durations, sizes, counts, the impact of a cancel.

The board, the plain lines and the CLI say them alike. No I/O, no Textual.
"""
