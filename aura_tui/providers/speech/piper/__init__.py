"""Speech with Piper's neural voices in a worker process: the provider and the worker."""
