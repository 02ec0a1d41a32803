"""One job from first stage to end: the runner, its reports, its ETA, what a retry reuses.

The stages themselves are in ``pipeline``; a job's events leave through ``engine.ports``.
"""
