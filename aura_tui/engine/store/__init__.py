"""Jobs and events in SQLite: the schema, checksums, and recovery of a damaged file.

The only room that speaks SQL; it runs no job.
"""
