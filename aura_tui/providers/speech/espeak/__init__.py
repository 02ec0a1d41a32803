"""Speech with eSpeak NG in a worker process: the provider, its voices, the worker."""
