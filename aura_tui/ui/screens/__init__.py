"""Screens and dialogs: they lay out widgets and pass state to them.

A dialog returns its answer to ``ui.prompts``; no screen calls a service.
"""
