"""What a plan is checked for with the catalogue at hand; `planner.validation` is the door."""
