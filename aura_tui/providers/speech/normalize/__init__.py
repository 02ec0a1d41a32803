"""Text normalization for speech: numbers, dates, units and formulas as spoken words.

Pure functions of a text and its language.
"""
