"""Objective to plan: by rules over the agents' cards, or by a language model; both checked alike."""
