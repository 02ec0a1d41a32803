"""Text -> speech with word times: one adapter a file."""
