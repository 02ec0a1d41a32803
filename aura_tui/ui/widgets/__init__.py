"""Widgets: each draws the state it is given.

A widget does no I/O and acts on no other widget; it posts messages.
"""
