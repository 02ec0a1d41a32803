"""The embedded engine: the JobService that does the work.

One engine at a time works on one home. ``run`` runs one job, ``store`` is the database.
"""
