"""Reads a brief: from a file or standard input, its front matter, its title."""
