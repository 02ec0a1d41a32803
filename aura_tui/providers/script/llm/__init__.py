"""Scripts from an OpenAI-compatible endpoint: the prompt, the reply, the provider."""
