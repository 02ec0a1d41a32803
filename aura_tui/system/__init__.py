"""What the operating system gives: files, output, processes, tasks, crash reports.

It knows nothing of jobs, engines or settings.
"""
