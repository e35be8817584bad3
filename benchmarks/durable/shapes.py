"""The plans of the cases, as documents; and the body that asks the service to run one."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.durable.contender import CHAIN


def fan_plan(count: int) -> dict[str, Any]:
    """Return a plan of subtasks that wait for nothing."""
    return {"objective": f"{count} at once", "subtasks": [_subtask(i) for i in range(count)]}


def chain_plan(count: int, objective: str, agent: str = "noop") -> dict[str, Any]:
    """Return a plan of subtasks each of which reads what the one before gave."""
    return {
        "objective": objective,
        "subtasks": [_subtask(i, agent=agent, follows=i > 0) for i in range(count)],
    }


def objective_body(number: int) -> bytes:
    """Return the body of `POST /objectives` with a ready plan of five subtasks; each number has a plan of its own."""
    plan = chain_plan(CHAIN, f"load {number}")
    return json.dumps({"plan": plan}, separators=(",", ":")).encode()


def _subtask(number: int, *, agent: str = "noop", follows: bool = False) -> dict[str, Any]:
    before = f"k{number - 1}"
    return {
        "id": f"s{number}",
        "objective": "nothing",
        "required_agent": agent,
        "dependencies": [f"s{number - 1}"] if follows else [],
        "input_keys": [before] if follows else [],
        "bind": {"n": {"key": before} if follows else {"literal": number}},
        "output_key": f"k{number}",
    }
