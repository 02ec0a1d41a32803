"""Event streams that survive broken connections: readers by kind of server, and reconnecting.
Ordinary requests are in ``client/api.py``."""
