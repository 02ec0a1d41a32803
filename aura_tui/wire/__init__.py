"""The wire: events to JSON and back. Shared by the store, both ends of HTTP, and recordings."""
