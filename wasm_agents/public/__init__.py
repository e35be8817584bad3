"""Guests run through wasmtime-py's documented API alone: slower, with the same answers and the same codes."""
