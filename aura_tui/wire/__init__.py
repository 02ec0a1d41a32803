"""The wire format: events, jobs and problems as JSON, server-sent events, routes.

Shared by the store, both ends of HTTP, and recordings. The writer is strict, the reader lenient.
"""
