"""What can be said of a plan before it runs: how risky, how long, at what cost; from the plan, the cards, the past."""
