"""Widgets: each is given state and draws it.

A widget does no I/O and acts on no other widget; it posts messages.
"""
