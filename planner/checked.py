"""A plan somebody wrote, read and checked in one go, so that every problem is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import InvalidPlan
from contracts.plan import Plan, plan_of
from contracts.structure import read_document
from planner.checks.asked import Asked
from planner.validation import Checkers, check


def load_checked(
    text: bytes | str | Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    *,
    checkers: Checkers | None = None,
    asked: Asked | None = None,
) -> Plan:
    """Return the plan a document spells; `schema`, `origin` and `plan_id` may be left out.

    Args:
        text: The document, or its JSON.
        cards: The agents at hand.
        checkers: What was compiled of these very cards before, and will be now.
        asked: What the plan may reach and do; not judged when absent.

    Raises:
        InvalidPlan: With every problem of its structure, its agents and their arguments.
        InvalidInput: The text is no JSON (`json.*`).
    """
    document, is_ours = read_document(text)
    problems = check(document, cards, is_ours=is_ours, checkers=checkers, asked=asked)
    if problems:
        raise InvalidPlan(problems)
    return plan_of(document)
