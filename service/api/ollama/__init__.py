"""Ollama's door: a client that chats over its API chats with this service, which is not Ollama."""
