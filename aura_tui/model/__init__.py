"""The model: stages, events, jobs, the reducer, the ETA, and the documents that stages exchange.

Pure data and pure functions: no I/O, no clock, and no import from another package.
"""
