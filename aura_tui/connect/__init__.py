"""Which engine a command gets: the running one, a new one in this process, a remote one.

It knows every implementation of the JobService, so nothing below may import it.
"""
