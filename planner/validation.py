"""The one check every plan passes, whoever wrote it: its structure, its agents, their arguments, where it reaches.

Every problem is collected, none raised. The structure is contracts' to judge;
the checks that need the catalogue are in `planner.checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import Problem
from contracts.plan_shape import bounded
from contracts.structure import plan_problems
from planner.checks.agents import agent_problems
from planner.checks.arguments import parameters_of
from planner.checks.asked import Asked
from planner.checks.budget import budget_problems
from planner.checks.flow import flow_problems
from planner.checks.known import Checkers, known_cards
from planner.checks.look import Look
from planner.checks.policy import capability_problems, effect_problems, host_problems

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Asked", "Checkers", "check", "parameters_of"]

MAX_PROBLEMS: Final = 100
"""Told of one plan."""
OF_THE_KEYS: Final = frozenset({"plan.two_writers", "plan.overwrites_input"})
"""With these it is not certain what flows where."""


def check(
    document: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    *,
    allowed_hosts: Collection[str] | None = None,
    is_ours: bool = False,
    checkers: Checkers | None = None,
    asked: Asked | None = None,
) -> list[Problem]:
    """Return everything wrong with a plan document; an empty list when it may run.

    Args:
        document: A sealed plan.
        cards: The agents at hand.
        allowed_hosts: Lower case; when given, no URL in what the planner wrote may name another host.
        is_ours: Whether the document was sealed just now.
        checkers: What was compiled of these very cards before, and will be now; kept here when absent.
        asked: What whoever asked for the plan allows it.
    """
    found = plan_problems(document, is_ours=is_ours)
    if any(problem.code == "plan.shape" for problem in found):
        return found
    known = known_cards(cards)
    look = Look(document, known, known.checkers if checkers is None else checkers)
    asked = asked or Asked()
    hosts = asked.hosts if allowed_hosts is None else allowed_hosts
    is_certain = OF_THE_KEYS.isdisjoint(problem.code for problem in found)
    for more in _further(look, asked, hosts, is_certain=is_certain):
        found += islice(more, MAX_PROBLEMS - len(found) if len(found) < MAX_PROBLEMS else 0)
    return [bounded(problem) for problem in found[:MAX_PROBLEMS]]


def _further(
    look: Look, asked: Asked, hosts: Collection[str] | None, *, is_certain: bool
) -> Iterator[Iterator[Problem]]:
    yield agent_problems(look)
    if is_certain:
        yield flow_problems(look)
    if hosts is not None:
        document: Mapping[str, Any] = look.document
        yield host_problems(document, hosts)
    yield effect_problems(look, asked)
    yield capability_problems(look, asked)
    yield budget_problems(look)
