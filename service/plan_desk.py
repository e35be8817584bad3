"""A plan somebody wrote, looked at and not run: checked as a run would check it, and held against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput, InvalidPlan, Problem
from contracts.structure import NO_OBJECT, Read, plan_problems, read_document
from planner.checks.asked import Asked
from planner.validation import check

Document = dict[str, Any]
LESS: Final = "Give less of it, and smaller values in inputs and literals."


def checked_document(
    text: bytes | str | Mapping[str, Any],
    cards: Sequence[AgentCard],
    *,
    capabilities: frozenset[str] | None = None,
) -> Document:
    """Return the sealed document of a plan that may run.

    Args:
        text: The plan, or its JSON.
        cards: The agents at hand.
        capabilities: What the operator grants guests; None: unknown.

    Raises:
        InvalidPlan: With every problem.
        InvalidInput: It is no JSON.
    """
    document, is_ours = _read(text)
    problems = check(document, cards, is_ours=is_ours, asked=Asked(capabilities=capabilities))
    if problems:
        raise InvalidPlan(problems)
    return document


def readable_document(text: bytes | str | Mapping[str, Any], *, where: str = "") -> Document:
    """Return the sealed document of a plan whose graph is sound, whatever agents it names.

    Args:
        text: The plan, or its JSON.
        where: The pointer to it, where it is part of something.

    Raises:
        InvalidPlan: With every problem.
        InvalidInput: It is no JSON.
    """
    try:
        document, is_ours = _read(text)
        problems = plan_problems(document, is_ours=is_ours)
    except InvalidPlan as exc:
        problems, document = list(exc.problems), {}
    if problems:
        raise InvalidPlan([replace(p, pointer=f"{where}{p.pointer}") for p in problems])
    return document


def _read(text: bytes | str | Mapping[str, Any]) -> Read:
    try:
        return read_document(text)
    except InvalidPlan:
        raise
    except InvalidInput as exc:
        hint = exc.hint or (LESS if exc.code in {"json.too_large", "json.too_deep"} else NO_OBJECT)
        raise InvalidInput(exc.code, exc.message, where=exc.where, hint=hint) from exc


def facts_of(document: Document) -> dict[str, Any]:
    """Return what is told of a plan that passed."""
    agents = {s["required_agent"] for s in document["subtasks"]}
    agents |= {s["fallback_agent"] for s in document["subtasks"] if "fallback_agent" in s}
    return {
        "plan_id": document["plan_id"],
        "subtasks": len(document["subtasks"]),
        "agents": sorted(agents),
        "sound": True,
    }


def problem_list(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Return problems as JSON."""
    return [problem.as_json() for problem in problems]
