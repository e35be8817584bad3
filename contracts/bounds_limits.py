"""How long, how often and how much a step may: no step of a new plan may more than those of the plan in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, Final

from contracts.bounds_sides import Sides, out
from contracts.errors import Problem
from contracts.jsonvalue import canonical_json
from contracts.plan import Budget, Foreach
from contracts.replanning import Document

_BUDGET: Final = tuple(f"budget/{name}" for name in Budget.model_fields)
_MOST_ITEMS: Final[int] = Foreach.model_fields["max_items"].default


def limit_problems(sides: Sides) -> Iterator[Problem]:
    """Yield steps that may go on for longer, be tried more often, use more or give another form than before."""
    allowed: dict[str, dict[str, float]] = {}
    schemas = {
        s["output_key"]: s["output_schema"]
        for i, s in sides.before.items()
        if i in sides.open and "output_schema" in s
    }
    for n, subtask in sides.changed:
        for name, most in _most(sides, subtask, allowed).items():
            if _limits(sides, subtask)[name] > most:
                said = f"{subtask['id']!r} may more than before: its {name.replace('/', '.')}"
                yield out(f"/subtasks/{n}/{name}", said, f"Give it at most {most:g}.")
        schema = schemas.get(subtask["output_key"])
        if schema is not None and canonical_json(schema) != canonical_json(subtask.get("output_schema")):
            said = (
                f"what {subtask['id']!r} gives is no longer held to the schema of {subtask['output_key']!r}"
            )
            yield out(f"/subtasks/{n}/output_schema", said, "Leave the output_schema as it is.")


def _most(sides: Sides, subtask: Document, allowed: dict[str, dict[str, float]]) -> Mapping[str, float]:
    """Return the most a step may: as before; one that is new, as the failed one and those of its agent."""
    before = sides.before.get(subtask["id"])
    if before is not None:
        return _limits(sides, before)
    agent = subtask["required_agent"]
    if agent not in allowed:
        like = [s for s in sides.before.values() if s["required_agent"] == agent] + [sides.failed.subtask()]
        limits = [_limits(sides, s) for s in like]
        allowed[agent] = {name: max(found[name] for found in limits) for name in limits[0]}
    return allowed[agent]


def _limits(sides: Sides, subtask: Document) -> dict[str, float]:
    card = sides.cards.get(subtask["required_agent"])
    budget: Mapping[str, Any] = subtask.get("budget") or {}
    found = {name: _number(budget.get(name.partition("/")[2]), inf) for name in _BUDGET}
    found["timeout_s"] = _number(subtask.get("timeout_s"), card.timeout_s if card is not None else inf)
    found["retries"] = _number(subtask.get("retries"), card.retries if card is not None else inf)
    if "foreach" in subtask:
        found["foreach/max_items"] = _number(subtask["foreach"].get("max_items"), _MOST_ITEMS)
    else:
        found["foreach/max_items"] = 1
    return found


def _number(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
