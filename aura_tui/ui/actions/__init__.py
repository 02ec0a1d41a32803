"""What keys and forms ask for, done through the service: job commands, new jobs, files.

No widget is drawn here.
"""
