"""Providers: one adapter a file, chosen by name, with a fallback order.

A provider turns one input into one result through a program or an endpoint. It knows nothing of
jobs, events or the store: it gets a :class:`~aura_tui.providers.port.Workbench`.
"""
