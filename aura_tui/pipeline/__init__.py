"""The five stages: inputs -> artifacts, every piece checkpointed by the content of its inputs."""
