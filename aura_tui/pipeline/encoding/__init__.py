"""From timeline to video file: frames, worker processes, segments, muxing, burned captions.

``pipeline.timeline`` decides what is shown when.
"""
