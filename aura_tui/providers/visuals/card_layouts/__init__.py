"""Layouts of cards: measuring, wrapping, boxes, and one layout per kind of card.

Measures and places only; ``visuals.drawing`` draws.
"""
