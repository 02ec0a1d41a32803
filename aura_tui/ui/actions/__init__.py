"""Actions behind keys and forms, through the service: job commands, new jobs, files.

No widget is drawn here.
"""
