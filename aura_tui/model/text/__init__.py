"""Pure functions on text: what is safe to show, to count and to name files with."""
