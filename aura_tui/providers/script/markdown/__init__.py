"""Parses Markdown (and similar texts) into a document: blocks, lists, tables, pictures, maths.

Scenes are made from it in ``script.outline``.
"""
