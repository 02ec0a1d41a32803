"""A recorded run: the recording's format, the service that plays it, the recorder."""
