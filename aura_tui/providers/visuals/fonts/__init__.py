"""The shipped fonts, and fallback fonts for characters that they lack."""
