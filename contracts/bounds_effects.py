"""What acts on the world stays as it is in a new plan, or goes; and who was asked is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from contracts.bounds_sides import Sides, asks, out
from contracts.errors import Problem
from contracts.jsonvalue import canonical_json
from contracts.replanning import Document

_FREE: Final = frozenset({"id", "objective", "dependencies", "retries", "timeout_s"})
"""What may be another in a step that acts on the world, within other bounds."""


def effect_problems(sides: Sides) -> Iterator[Problem]:
    """Yield steps that act on the world and are not, letter for letter, open steps of the plan in force."""
    left = Counter(deed_of(sides.before[name]) for name in sides.left if name != sides.failed.subtask_id)
    acting = {s["required_agent"] for i, s in sides.before.items() if i in sides.open and _is_said_to_act(s)}
    for n, subtask in sides.after.values():
        before = sides.before.get(subtask["id"])
        if before is not None and subtask["id"] not in sides.open:
            continue
        is_said = subtask["required_agent"] in acting if before is None else sides.acts(before)
        if not is_said and not sides.acts(subtask):
            continue
        left[deed_of(subtask)] -= 1
        if left[deed_of(subtask)] < 0:
            said = f"{subtask['id']!r} acts on the world, and is no open step of the plan in force"
            yield out(f"/subtasks/{n}", said, "Leave such a step as it is, or leave it out.")


def dropped_questions(sides: Sides) -> Iterator[Problem]:
    """Yield steps before which nobody is asked any more."""
    asking = {i for i in sides.open if asks(sides.before[i]) and not sides.acts(sides.before[i])}
    agents = {sides.before[i]["required_agent"] for i in asking}
    if sides.failed.subtask_id not in asking:
        agents.discard(sides.failed.subtask()["required_agent"])
    is_one_gone = any(i not in sides.after for i in asking & sides.left)
    for n, subtask in sides.changed:
        before = sides.before.get(subtask["id"])
        was_asked = is_one_gone or subtask["required_agent"] in agents if before is None else asks(before)
        if was_asked and not asks(subtask) and not sides.acts(subtask):
            said = f"{subtask['id']!r} no longer waits for a person"
            yield out(f"/subtasks/{n}/approval", said, "Keep approval: always.")


def deed_of(subtask: Document) -> str:
    """Return what a step does to the world, to the letter."""
    return canonical_json({name: part for name, part in subtask.items() if name not in _FREE})


def _is_said_to_act(subtask: Document) -> bool:
    """Say whether the plan itself says so, whatever the card says."""
    return str(subtask.get("effect", "pure")) != "pure"
