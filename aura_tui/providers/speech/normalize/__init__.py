"""Written words as spoken ones: numbers, dates, units, formulas.

Pure functions of a text and its language.
"""
