"""Jobs and events in SQLite: the schema, checksums, and recovery of a damaged file.

The only package with SQL; it runs no jobs.
"""
