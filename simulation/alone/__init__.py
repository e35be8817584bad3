"""Storage alone, without an engine: batches against a model, whatever the disk does."""
