"""The plan in force and the one to take its place, side by side."""

from __future__ import annotations

from typing import Final

from contracts.effect import Effect
from contracts.errors import Problem
from contracts.jsonvalue import canonical_json
from contracts.plan import Plan
from contracts.replanning import Document, Failed, by_name, documents

AGENTS: Final = ("required_agent", "fallback_agent")


class Sides:
    """Both plans.

    Args:
        failed: What failed in the plan in force.
        plan: The new one; sound.
    """

    def __init__(self, failed: Failed, plan: Plan) -> None:
        self.failed = failed
        self.cards = by_name(failed.cards)
        self.old, self.new = failed.plan, plan
        self.before = {s["id"]: s for s in documents(failed.plan)}
        self.after = {s["id"]: (n, s) for n, s in enumerate(documents(plan))}
        self.open = failed.open
        texts = {name: canonical_json(dict(s)) for name, s in self.before.items()}
        self.changed = [
            (n, s) for n, s in self.after.values() if texts.get(s["id"]) != canonical_json(dict(s))
        ]
        """What of the new plan does not stand to the letter in the old one, with its place."""
        self.left = {i for i in self.open if i == failed.subtask_id or i not in failed.ended}
        """The failed step, and those behind it that may still be done."""

    def acts(self, subtask: Document) -> bool:
        """Say whether a step, or its stand-in, does more than give an answer; of an agent nobody knows it is so."""
        cards = [self.cards.get(subtask[field]) for field in AGENTS if field in subtask]
        return subtask.get("effect", "pure") != "pure" or any(
            c is None or c.effect is not Effect.PURE for c in cards
        )

    def is_new(self, subtask: Document) -> bool:
        """Say whether no step of the plan in force has that name."""
        return subtask["id"] not in self.before


def asks(subtask: Document) -> bool:
    """Say whether a step always waits for a person."""
    return subtask.get("approval") == "always"


def out(pointer: str, message: str, hint: str) -> Problem:
    """Return the problem of a plan that leaves the bounds."""
    return Problem("plan.replan_bounds", pointer, message, hint)
