"""What crosses a door between rooms: pydantic models, protocols and the error tree; no I/O."""
