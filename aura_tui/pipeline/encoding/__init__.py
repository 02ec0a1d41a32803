"""From timeline to video file: frames, worker processes, segments, muxing, burnt-in captions.

What is shown when is decided in ``pipeline.timeline``.
"""
