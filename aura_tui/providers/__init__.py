"""Providers of scripts, speech and visuals, chosen by name, and FFmpeg.

A provider turns one input into one result. It knows nothing of jobs, events or the store: it works
with a :class:`~aura_tui.providers.protocols.ProviderContext`.
"""
