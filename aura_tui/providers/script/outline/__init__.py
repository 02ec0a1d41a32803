"""Writes scripts by rule, offline: ranks a document's sentences, selects some, forms scenes.

No model, no network.
"""
