"""Screens and dialogs: they lay widgets out and hand state down to them.

A dialog gives its answer to ``ui.prompts``; no screen calls a service.
"""
