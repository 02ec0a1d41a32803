"""Markdown (and what resembles it) as a document: blocks, lists, tables, pictures, maths.

It decides nothing about scenes; that is ``script.outline``.
"""
