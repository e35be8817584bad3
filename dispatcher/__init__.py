"""Runs a plan's subtasks as their dependencies allow and journals every attempt."""
