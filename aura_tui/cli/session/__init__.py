"""One command with a job in the foreground: its view, signals, messages, exit status.

No option is read here and no engine is chosen.
"""
