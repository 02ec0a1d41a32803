"""The five stages, one module each, and the table that lists them.

A stage reads the documents of earlier stages and writes its own; shared code lives in
``aura_tui.pipeline``.
"""
