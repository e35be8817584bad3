"""What a run knows while it goes: the shared context."""
