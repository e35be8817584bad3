"""A plan as its page shows it: its steps, what is wrong beside each, what is expected, what an edit changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import CallsheetError, InvalidPlan, Problem
from contracts.plan import Plan
from planner.outlook.shape import Outlook, StepOutlook
from service.dashboard.present import shorten

MAX_STEPS: Final = 500
"""Rows of the table."""
_OF_STEP: Final = re.compile(r"/subtasks/(\d{1,5})(?:/|$)")
_TRY: Final = "Mend the plan there, and check it again."


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a plan, as it is shown."""

    code: str
    pointer: str
    message: str
    hint: str
    """The next thing to try; never empty."""
    step: str = ""
    """The step it is about, where that is shown."""
    number: int = 0
    """Of that step, from 1."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a plan that may be unsound."""

    number: int
    id: str
    objective: str
    agent: str
    waits_for: str
    reads: str
    gives: str
    conditions: tuple[str, ...]
    outlook: StepOutlook | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """The table of a plan's steps."""

    rows: tuple[StepRow, ...] = ()
    total: int = 0


def covered_steps(plan: Plan, outlook: Outlook) -> tuple[str, ...]:
    """Return the steps that would ask a person, and will not once the plan is approved as a whole."""
    always = {subtask.id for subtask in plan.subtasks if subtask.approval == "always"}
    return tuple(dict.fromkeys(a.step for a in outlook.approvals if a.step not in always))


def faults_of(error: CallsheetError, document: Mapping[str, JsonValue]) -> tuple[Fault, ...]:
    """Return everything an error says is wrong with a plan document."""
    if not isinstance(error, InvalidPlan):
        return (Fault(error.code, error.where, error.message, error.hint or _TRY),)
    subtasks = _subtasks(document)
    return tuple(_fault(problem, subtasks) for problem in error.problems)


def steps_of(
    document: Mapping[str, JsonValue], faults: Iterable[Fault], outlook: Outlook | None = None
) -> Steps:
    """Return the steps of a plan document, however unsound, with what is wrong beside each."""
    subtasks = _subtasks(document)
    shown = subtasks[:MAX_STEPS]
    beside: dict[int, list[Fault]] = {}
    for fault in faults:
        beside.setdefault(fault.number, []).append(fault)
    expected = {step.id: step for step in outlook.steps} if outlook else {}
    rows = tuple(_row(n, subtask, beside.get(n, ()), expected) for n, subtask in enumerate(shown, 1))
    return Steps(rows, len(subtasks))


def _fault(problem: Problem, subtasks: Sequence[Any]) -> Fault:
    hint = problem.hint or _TRY
    match = _OF_STEP.match(problem.pointer)
    number = int(match[1]) if match is not None else MAX_STEPS
    if number >= min(len(subtasks), MAX_STEPS):
        return Fault(problem.code, problem.pointer, problem.message, hint)
    name = _id_of(subtasks[number]) or f"step {number + 1}"
    return Fault(problem.code, problem.pointer, problem.message, hint, name, number + 1)


def _subtasks(document: Mapping[str, JsonValue]) -> Sequence[Any]:
    found = document.get("subtasks")
    return found if isinstance(found, list) else ()


def _row(number: int, subtask: Any, faults: Sequence[Fault], expected: Mapping[str, StepOutlook]) -> StepRow:
    step: Mapping[str, Any] = subtask if isinstance(subtask, Mapping) else {}
    name = _id_of(step)
    return StepRow(
        number=number,
        id=name,
        objective=_text(step.get("objective")),
        agent=_text(step.get("required_agent")),
        waits_for=_names(step.get("dependencies")),
        reads=_names(step.get("input_keys")),
        gives=_text(step.get("output_key")),
        conditions=tuple(_conditions(step)),
        outlook=expected.get(name),
        faults=tuple(faults),
    )


def _conditions(step: Mapping[str, Any]) -> Iterable[str]:
    each, when = step.get("foreach"), step.get("when")
    if isinstance(each, Mapping):
        yield f"once for each of {_text(each.get('key'))}{_text(each.get('pointer'))}"
    if isinstance(when, Mapping):
        yield f"only if {_text(when.get('key'))}{_text(when.get('pointer'))} {_text(when.get('op'))}"
    if step.get("on_failure", "skip") != "skip":
        other = f" to {_text(step['fallback_agent'])}" if "fallback_agent" in step else ""
        yield f"on failure: {_text(step['on_failure'])}{other}"
    if step.get("approval", "auto") != "auto":
        yield f"approval: {_text(step['approval'])}"
    if "effect" in step:
        yield f"effect: {_text(step['effect'])}"


def _id_of(step: Any) -> str:
    return _text(step.get("id")) if isinstance(step, Mapping) else ""


def _names(value: Any) -> str:
    return ", ".join(_text(name) for name in value[:40]) if isinstance(value, list) else ""


def _text(value: Any) -> str:
    return shorten(value[:800], 160) if isinstance(value, str) else ""
