"""The five stages, from inputs to artifacts; every piece is cached by the content of its inputs.

Nothing here knows jobs or events beyond ``pipeline.context``.
"""
