"""A new plan put together and held to what every plan is held to, and to the bounds of the plan in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.bounds import bounds_problems
from contracts.card import AgentCard
from contracts.errors import Problem
from contracts.plan import plan_of
from contracts.replanning import Failed
from contracts.structure import seal
from planner.validation import check

_KEPT: Final = ("objective", "inputs", "result_key", "budget")


def assembled(
    failed: Failed, subtasks: Sequence[Mapping[str, Any]], origin: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sealed document of a new plan.

    Args:
        failed: What failed in the plan in force, whose frame stays.
        subtasks: All of the new plan's, as JSON.
        origin: Who planned it; which replanning of the run it is, is added.
    """
    old = failed.plan.as_json()
    document: dict[str, Any] = {name: old[name] for name in _KEPT if name in old}
    about = {"round": failed.round, "after": failed.subtask_id, "code": failed.code}
    document["subtasks"] = [dict(s) for s in subtasks]
    return seal(document | {"parent": failed.plan.plan_id, "origin": {**origin, "replan": about}})


def within(failed: Failed) -> tuple[AgentCard, ...]:
    """Return the cards of the agents that the plan in force names: all that a new plan may name."""
    named = {s.required_agent for s in failed.plan.subtasks}
    named |= {s.fallback_agent for s in failed.plan.subtasks if s.fallback_agent is not None}
    return tuple(card for card in failed.cards if card.name in named)


def bounds(failed: Failed, document: Mapping[str, Any]) -> list[Problem]:
    """Return everything by which a new plan is unsound or leaves the bounds; empty when it may run.

    What the plan in force was let pass with is no reason to refuse the next.

    Args:
        failed: What failed in the plan in force.
        document: Sealed just now.
    """
    old = failed.plan.as_json()
    hosts = failed.hosts()
    found = check(document, failed.cards, allowed_hosts=hosts, is_ours=True)
    if found:
        before = seal({**old, "origin": document["origin"]})
        known = {(p.code, p.message) for p in check(before, failed.cards, allowed_hosts=hosts, is_ours=True)}
        found = [p for p in found if (p.code, p.message) not in known]
    if any(problem.code == "plan.shape" for problem in found):
        return found
    return found + [p for p in bounds_problems(failed, plan_of(document)) if p not in found]
