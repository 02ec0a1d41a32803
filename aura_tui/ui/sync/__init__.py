"""Keeps the board's state up to date: subscriptions, preview, frame limit."""
