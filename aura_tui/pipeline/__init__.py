"""The five stages, from inputs to artifacts; every piece is cached by the content of its inputs.

Only ``pipeline.context`` connects them to jobs and events.
"""
