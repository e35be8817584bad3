"""One guest, written four times."""
