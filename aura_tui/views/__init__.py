"""The views without Textual: plain lines, JSON lines, tables, download progress.

They show a job's state and contain no rules about it.
"""
