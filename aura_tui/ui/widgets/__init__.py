"""Widgets: each is given state and draws it."""
