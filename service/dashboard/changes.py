"""What an edit or a new plan changed, in words, and what it may do that the old one might not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from contracts.card import AgentCard
from contracts.plan import Plan
from planner.diff import PlanDiff, Step, diff_plans
from service.dashboard.present import shorten

MAX_PARTS: Final = 60
MAX_LINES: Final = 40
"""Of one part."""


@dataclass(frozen=True, slots=True)
class Part:
    """What changed of one step, or of the plan as a whole."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two plans."""

    old_id: str
    widens: tuple[str, ...]
    parts: tuple[Part, ...]
    more: int = 0
    """Parts that are not shown."""


def changes_of(old: Plan, new: Plan, cards: Sequence[AgentCard]) -> Changes:
    """Return what turns one plan into another."""
    found = diff_plans(old.as_json(), new.as_json(), cards=cards)
    parts = tuple(_parts(found))
    return Changes(old.plan_id, found.widens, parts[:MAX_PARTS], max(0, len(parts) - MAX_PARTS))


def _parts(found: PlanDiff) -> Iterator[Part]:
    if found.plan:
        yield _part("The plan as a whole", (change.line() for change in found.plan))
    for step in found.added:
        yield _part(f"{step.id} is new", [_words(step)])
    for step in found.removed:
        yield _part(f"{step.id} is gone", [_words(step)])
    for changed in found.changed:
        was = f" (was {changed.was})" if changed.was != changed.id else ""
        yield _part(f"{changed.id}{was}", (change.line() for change in changed.changes))


def _part(title: str, lines: Iterator[str] | Sequence[str]) -> Part:
    return Part(title, tuple(shorten(line, 300) for line in islice(lines, MAX_LINES)))


def _words(step: Step) -> str:
    return f"{step.agent}: {step.objective}"
