"""OpenAI's door: a client that speaks to their API speaks to this service."""
