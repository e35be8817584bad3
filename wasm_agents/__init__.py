"""The WASM host and its guests."""
