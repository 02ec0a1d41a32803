"""The parts of a timeline: schedule, captions, narration mix, subtitle and OTIO files.

``pipeline.encoding`` draws and encodes them.
"""
