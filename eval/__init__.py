"""How good and how fast: scores and reports over stored traces."""
