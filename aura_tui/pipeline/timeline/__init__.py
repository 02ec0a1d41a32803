"""What is shown and heard when: schedule, captions, narration mix, subtitle and OTIO files.

It draws and encodes nothing.
"""
