"""Draws cards and photos in worker processes: the pool, its protocol, the worker, the painter."""
