"""Floor 0: stages, events, job, reduce, ETA, and the documents stages hand on.

Pure data and pure functions: no I/O, no clock of its own, no import from another room.
"""
