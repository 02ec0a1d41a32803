"""Providers: script, speech and visuals through a program or an endpoint, chosen by name.

A provider turns one input into one result. It knows nothing of jobs, events or the store: it gets a
:class:`~aura_tui.providers.protocols.ProviderContext`.
"""
