"""Where everything on a card goes: measuring, wrapping, boxes, one layout a kind of card.

It places and measures; ``visuals.drawing`` draws.
"""
