"""One job from its first stage to its end: the runner, its reports, its ETA, its retry plan.

The stages themselves are in ``pipeline``; a job's events go out through ``engine.ports``.
"""
