"""The embedded engine: the JobService that does the work.

One engine at a time runs on one home. ``run`` runs one job, ``store`` is the database.
"""
