"""Chooses a command's engine: the running one, a new one in this process, or a remote one.

It imports every implementation of JobService, so nothing below may import it.
"""
