"""Chaining: agents known only by their cards, called for by what these say, and fed through their schemas."""
