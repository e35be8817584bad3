"""What a person decides on, and why they are asked: the whole plan with its outlook, or a step and what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import CallsheetError
from contracts.journal import Wait
from contracts.jsonvalue import resolve_pointer
from contracts.plan import Plan, Subtask
from contracts.run import Run
from contracts.taint import Use, is_effectful, needs_approval
from planner.outlook.shape import Outlook
from service.dashboard.changes import Changes, changes_of
from service.dashboard.planview import covered_steps
from service.dashboard.present import compact
from service.desk_protocol import Desk
from service.outlook import desk_outlook

MAX_VALUE: Final = 300
"""Characters of a value that is decided on."""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why a person is asked."""

    text: str
    value: str = ""
    """The untrusted value that it is about, on one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something a run waits for."""

    wait: Wait
    why: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """What there is to know of a plan that waits to be approved as a whole."""

    outlook: Outlook
    covered: tuple[str, ...]
    """Steps that will not ask once it is approved."""
    is_editable: bool


def asked_of(desk: Desk, run: Run, waits: Sequence[Wait]) -> tuple[Asked, ...]:
    """Return what a run waits for, each with the reasons."""
    if run.plan is None or not any(wait.kind == "approval" for wait in waits):
        return tuple(Asked(wait) for wait in waits)
    cards = {card.name: card for card in desk.registry.cards()}
    uses = needs_approval(run.plan, cards)
    values: dict[str, JsonValue] = {}
    if any(wait.subtask_id in uses for wait in waits):
        values = {**run.plan.inputs, **desk.runs.values(run.run_id)}
    return tuple(Asked(wait, tuple(_reasons(run, wait, cards, uses, values))) for wait in waits)


def plan_asked(desk: Desk, run: Run, waits: Sequence[Wait]) -> PlanAsked | None:
    """Return what to know before a whole plan is approved; None where none waits for that."""
    if run.plan is None or not any(w.kind == "approval" and not w.subtask_id for w in waits):
        return None
    found = desk_outlook(desk, run.plan)
    return PlanAsked(found, covered_steps(run.plan, found), is_editable=not run.is_redacted)


def changes_since(desk: Desk, plan: Plan | None) -> Changes | None:
    """Return what a plan changed of the one it was made from; None where that is not kept."""
    if plan is None or not plan.parent:
        return None
    old = desk.runs.plan(plan.parent)
    return changes_of(old, plan, desk.registry.cards()) if old is not None else None


def _reasons(
    run: Run,
    wait: Wait,
    cards: Mapping[str, AgentCard],
    uses: Mapping[str, Sequence[Use]],
    values: Mapping[str, JsonValue],
) -> Iterator[Why]:
    if wait.kind != "approval" or run.plan is None:
        return
    subtask = next((s for s in run.plan.subtasks if s.id == wait.subtask_id), None)
    if subtask is None:
        yield Why("Nothing of this plan runs before it is approved.")
        return
    if subtask.approval == "always":
        yield Why("The plan says that a person is asked here.")
    tainted = uses.get(subtask.id, ())
    if tainted:
        yield Why(f"{subtask.required_agent} has an effect outside, on values that nobody vouches for:")
    elif is_effectful(subtask.model_dump(mode="json", exclude_unset=True), cards):
        yield Why(f"{subtask.required_agent} changes something that cannot be taken back.")
    for use in tainted:
        yield Why(f"{use}.", _value(subtask, use, values))


def _value(subtask: Subtask, use: Use, values: Mapping[str, JsonValue]) -> str:
    source = subtask.bind.get(use.name) or {"foreach": subtask.foreach, "when": subtask.when}.get(use.name)
    try:
        return compact(resolve_pointer(values[use.key], source.pointer if source else ""), MAX_VALUE)
    except (KeyError, CallsheetError):  # not made yet, or the pointer names nothing in it
        return ""
