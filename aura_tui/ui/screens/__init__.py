"""Screens: they lay widgets out and hand state down to them."""
