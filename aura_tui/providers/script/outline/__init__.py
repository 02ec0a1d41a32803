"""The script by rule, offline: what a document says is ranked, chosen and laid out as scenes.

No model, no network.
"""
