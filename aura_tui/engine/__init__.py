"""The embedded engine: queue, runner, event log and store, cleanup. One at a time on one home."""
