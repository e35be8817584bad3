"""Whether a budget leaves a step any chance: told only where the step could never so much as start or ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.errors import Problem
from contracts.hosts import hosts_within
from planner.checks.look import Look

COUNTED: Final = ("fuel", "requests", "bytes", "tokens", "usd")
ASKING: Final = ("requests", "bytes")
"""What every request takes of."""


def budget_problems(look: Look) -> Iterator[Problem]:
    """Yield each budget under which a step can never do its work."""
    whole: Mapping[str, Any] = look.document.get("budget", {})
    has_none = any(whole.get(name) == 0 for name in COUNTED)
    for index, subtask in enumerate(look.subtasks):
        own: Mapping[str, Any] = subtask.get("budget", {})
        if not own and not has_none:
            continue
        yield from _beyond(index, subtask, own, whole)
        uses = [set(card.card.uses) for card in look.agents(subtask)]
        for name in COUNTED:
            if uses and all(name in used for used in uses):
                yield from _nothing(index, subtask, name, own, whole)


def _beyond(
    index: int, subtask: Mapping[str, Any], own: Mapping[str, Any], whole: Mapping[str, Any]
) -> Iterator[Problem]:
    for name in COUNTED:
        if name in own and name in whole and own[name] > whole[name]:
            yield Problem(
                "plan.budget_impossible",
                f"/subtasks/{index}/budget/{name}",
                f"{subtask['id']!r} wants {own[name]} {name} set aside and never starts: the plan has {whole[name]}",
                f"Lower it to {whole[name]} at most, or raise the plan's.",
            )


def _nothing(
    index: int, subtask: Mapping[str, Any], name: str, own: Mapping[str, Any], whole: Mapping[str, Any]
) -> Iterator[Problem]:
    agent = subtask["required_agent"]
    if name not in own and whole.get(name) == 0:
        said = f"{subtask['id']!r} cannot start: {agent} uses {name}, and the plan's budget of them is 0"
        yield Problem(
            "plan.budget_impossible", f"/budget/{name}", said, f"Allow some {name}, or leave the step out."
        )
    elif own.get(name) == 0 and name in ASKING and hosts_within(_literals(subtask)):
        said = f"{subtask['id']!r} is to read a page with 0 {name}"
        at = f"/subtasks/{index}/budget/{name}"
        yield Problem("plan.budget_impossible", at, said, f"Allow it some {name}, or leave the step out.")


def _literals(subtask: Mapping[str, Any]) -> list[Any]:
    return [source["literal"] for source in subtask.get("bind", {}).values() if "literal" in source]
