"""What a subtask asks for beside its place in the graph: a stand-in, a schema for its output, a budget.

Checked on plain JSON of the right shape; what this version does not execute is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.errors import Problem

MAX_SCHEMA_PARTS: Final = 2000
NOT_COUNTED: Final = frozenset({"memory_mb"})
"""Budgets this version does not keep to."""
REFERENCES: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})

Subtasks = Sequence[Mapping[str, Any]]


def feature_problems(subtasks: Subtasks, plan_budget: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with what subtasks, and the plan as a whole, ask for."""
    yield from _failure_problems(subtasks)
    yield from _output_schema_problems(subtasks)
    yield from _unsupported_problems(subtasks, plan_budget)


def _failure_problems(subtasks: Subtasks) -> Iterator[Problem]:
    for n, s in enumerate(subtasks):
        wants, names = s.get("on_failure") == "fallback", "fallback_agent" in s
        if wants and not names:
            yield Problem(
                "plan.no_fallback",
                f"/subtasks/{n}/on_failure",
                f"{s['id']!r} falls back on an agent, and names none",
                "Name it as fallback_agent.",
            )
        elif names and not wants:
            yield Problem(
                "plan.no_fallback",
                f"/subtasks/{n}/fallback_agent",
                f"{s['id']!r} names a fallback_agent, and its on_failure does not say fallback",
                "Say on_failure: fallback, or leave fallback_agent out.",
            )


def _output_schema_problems(subtasks: Subtasks) -> Iterator[Problem]:
    # References that double at each level make a schema of 3 KB cost gigabytes to compile.
    for n, s in enumerate(subtasks):
        if "output_schema" not in s:
            continue
        pointer, waiting, parts = f"/subtasks/{n}/output_schema", [s["output_schema"]], 0
        while waiting and parts <= MAX_SCHEMA_PARTS:
            part = waiting.pop()
            parts += 1
            inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
            waiting.extend(inside)
            if isinstance(part, dict) and (found := sorted(REFERENCES & part.keys())):
                yield Problem(
                    "plan.output_schema",
                    pointer,
                    f"the output_schema of {s['id']!r} uses {found[0]}, which is not followed",
                    "Write the schema out in place of the reference.",
                )
                break
        if parts > MAX_SCHEMA_PARTS:
            yield Problem(
                "plan.output_schema",
                pointer,
                f"the output_schema of {s['id']!r} has over {MAX_SCHEMA_PARTS} parts",
                "Say less of the output.",
            )


def _unsupported_problems(subtasks: Subtasks, plan_budget: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _budget_problems("/budget", "the plan", plan_budget)
    for n, s in enumerate(subtasks):
        if "budget" in s:
            yield from _budget_problems(f"/subtasks/{n}/budget", repr(s["id"]), s["budget"])


def _budget_problems(at: str, who: str, budget: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(budget.keys() & NOT_COUNTED):
        yield _unsupported(f"{at}/{name}", f"{who} has a budget of {name}", f"budget.{name}")


def _unsupported(at: str, what: str, field: str) -> Problem:
    return Problem(
        "plan.unsupported", at, f"{what}, which this version does not execute", f"Leave {field} out."
    )
