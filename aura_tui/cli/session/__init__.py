"""One command with a job in the foreground: its view, signals, messages and exit status.

No options are parsed here, and no engine is chosen.
"""
