"""Access to the operating system: files, output, processes, tasks, crash reports.

Nothing here knows about jobs, engines or settings.
"""
