"""Look at photos: size, colours, focus, and which of them are the same picture."""
