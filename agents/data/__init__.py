"""Native agent `data`: tables in, rows out, by a short list of typed steps; no code is evaluated."""
