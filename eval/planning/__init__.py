"""How good plans are: suites of objectives with the agents they need, and the scores of the plans made for them."""
