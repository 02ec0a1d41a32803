"""aura-tui: a brief becomes a narrated video, live in a terminal.

The rooms, from the ground up (imports go downwards only; ``tests/test_imports.py`` holds it):
``errors model`` < ``settings service process`` < ``wire`` < ``providers`` < ``pipeline`` <
``engine`` < ``ui`` < ``bootstrap`` < ``cli``.
"""

__version__ = "0.1.0"
