"""The views without Textual: plain lines, JSON lines, tables, download progress.

They draw a job's state and hold no rule of it.
"""
