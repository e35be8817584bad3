"""Whether the agents a plan names exist, take what they are given, and are no more than the plan says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.errors import Problem
from contracts.jsonvalue import join_pointer
from planner.catalogue import near_names
from planner.checks.arguments import argument_problems
from planner.checks.known import KnownCard
from planner.checks.look import AGENT_FIELDS, Look

EFFECTS: Final = ("pure", "idempotent", "effectful")
MOST_NAMED: Final = 20
MOST_NEAR: Final = 10
"""Names that do not exist, for which those like them are looked up."""


def agent_problems(look: Look) -> Iterator[Problem]:
    """Yield what is wrong with each subtask's agents."""
    hints: dict[str, str] = {}
    for index, subtask in enumerate(look.subtasks):
        for field in AGENT_FIELDS:
            if field not in subtask:
                continue
            card = look.known.by_name.get(subtask[field])
            if card is None:
                yield _unknown_agent(look, index, field, subtask, hints)
            else:
                yield from argument_problems(look, index, subtask, card)
                yield from _effect_problems(index, subtask, card)


def _unknown_agent(
    look: Look, index: int, field: str, subtask: Mapping[str, Any], hints: dict[str, str]
) -> Problem:
    name = subtask[field]
    if name not in hints:
        near = near_names(name, look.known.cards) if len(hints) < MOST_NEAR else []
        all_of_them = ", ".join(card.name for card in look.known.cards[:MOST_NAMED]) or "none"
        hints[name] = f"Nearest: {', '.join(near)}." if near else f"Agents at hand: {all_of_them}."
    said = f"{subtask['id']!r} wants the agent {name[:80]!r}, which does not exist"
    return Problem("plan.unknown_agent", join_pointer("subtasks", index, field), said, hints[name])


def _effect_problems(index: int, subtask: Mapping[str, Any], card: KnownCard) -> Iterator[Problem]:
    effect = card.card.effect.value
    if "effect" in subtask and EFFECTS.index(subtask["effect"]) < EFFECTS.index(effect):
        yield Problem(
            "plan.effect_weaker",
            f"/subtasks/{index}/effect",
            f"{subtask['id']!r} says {subtask['effect']}, but {card.card.name} is {effect}",
            "Leave effect out to have the agent's own.",
        )
