"""A stream of events kept up over every break: what reads it, by kind of server, and what resumes
it. Requests that end are in ``client/api.py``."""
