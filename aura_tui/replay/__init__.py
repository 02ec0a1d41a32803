"""Recordings of jobs: the file format, the recorder, and the service that plays them."""
