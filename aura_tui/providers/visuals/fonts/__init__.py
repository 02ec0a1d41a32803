"""The shipped fonts, and which font stands in for a character that they lack."""
