"""Random plans whose agents are told, subtask by subtask, what to do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from pydantic import JsonValue

from contracts.plan import Plan, plan_of
from contracts.structure import seal
from simulation.replanning import ask_for_plans

BIG_CHARS: Final = 1_200
"""Padding of a big output; the simulation lowers the size from which a text becomes a blob."""
LIST: Final[list[JsonValue]] = [{"n": 1}, {"n": 2}, {"n": 3}]

HABITS: Final = {"forgets": 0.1, "partial": 0.08, "bad": 0.03, "swallows": 0.05}
"""What an agent may do beside: not know what it did, say that it gave a part, answer what is no JSON, not stop."""

Document = dict[str, Any]


def random_plan(rng: random.Random, *, taste: str = "") -> Plan:
    """Return a plan.

    Args:
        rng: Draws it.
        taste: What there should be much of: `effects`, `waits`, `retries`, `fans`, `budgets`; empty for anything.
    """
    subtasks: list[Document] = []
    for i in range(rng.choice((1, 2, 3, 4, 4, 5, 6, 8))):
        subtasks.append(_subtask(rng, i, subtasks, taste))
    objective = f"simulated {rng.getrandbits(32):08x}"
    ask_for_plans(subtasks, random.Random(objective))
    document: Document = {
        "objective": objective,
        "inputs": {"many": LIST[: rng.randint(0, 3)], "one": rng.randint(0, 9)},
        "subtasks": subtasks,
    }
    if rng.random() < 0.3:
        document["result_key"] = rng.choice(subtasks)["output_key"]
    budget: Document = {}
    if rng.random() < (0.8 if taste == "budgets" else 0.15):
        budget["requests"] = rng.randint(4, 14)
    if rng.random() < 0.2:
        budget["wall_s"] = rng.choice((2, 8, 30, 60))
    if budget:
        document["budget"] = budget
    return plan_of(seal(document))


def _subtask(rng: random.Random, i: int, before: Sequence[Document], taste: str) -> Document:
    parents = rng.sample(before, min(len(before), rng.choice((0, 1, 1, 2))))
    do = _deeds(rng, taste)
    found: Document = {
        "id": f"s{i}",
        "objective": "act",
        "required_agent": _kind(rng, taste),
        "dependencies": [p["id"] for p in parents],
        "input_keys": [p["output_key"] for p in parents] + (["one"] if rng.random() < 0.3 else []),
        "output_key": f"k{i}",
        "bind": {"do": {"literal": do}},
    }
    _fan_out(rng, found, parents, taste)
    if parents and "foreach" not in found and rng.random() < 0.25:
        op, value = rng.choice((("eq", 1), ("eq", 0), ("ne", 0), ("gt", 0)))
        found["when"] = {"key": parents[0]["output_key"], "pointer": "/flag", "op": op, "value": value}
    _failing(rng, found, taste)
    if rng.random() < (0.35 if taste == "waits" else 0.08):
        found["approval"] = "always"
    return found


def _kind(rng: random.Random, taste: str) -> str:
    if taste == "effects":
        return rng.choice(("pure", "idem", "effect", "effect", "asks", "asks"))
    return rng.choice(("pure", "pure", "pure", "idem", "effect", "asks"))


def _deeds(rng: random.Random, taste: str) -> Document:
    do: Document = {
        "ms": rng.choice((0, 1, 5, 30, 100, 400, 3_000 if rng.random() < 0.2 else 5)),
        "flag": rng.randint(0, 1),
    }
    if rng.random() < 0.5:
        do["items"] = rng.randint(0, 4)
    if rng.random() < 0.15:
        do["big"] = BIG_CHARS
    if rng.random() < (0.6 if taste == "retries" else 0.15):
        do["fail"] = rng.randint(1, 3)
    if rng.random() < 0.06:
        do[rng.choice(("dies", "crash"))] = True
    if rng.random() < (0.4 if taste == "waits" else 0.08):
        do |= rng.choice(
            ({"signal": "go"}, {"timer_s": 0.1}, {"timer_s": 5}, {"signal": "go", "timer_s": 20})
        )
    if rng.random() < 0.08:
        do["stubborn_ms"] = rng.choice((20, 200, 900))
    do |= {name: True for name, chance in HABITS.items() if rng.random() < chance}
    if rng.random() < (0.9 if taste == "budgets" else 0.3):
        do["uses"] = {"requests": rng.randint(0, 3)}
    return do


def _fan_out(rng: random.Random, found: Document, parents: Sequence[Document], taste: str) -> None:
    if rng.random() > (0.6 if taste == "fans" else 0.2):
        return
    for parent in parents:
        if "items" in parent["bind"]["do"]["literal"] and "foreach" not in parent:
            found["foreach"] = {"key": parent["output_key"], "pointer": "/items"}
            return
    found["input_keys"] = [*found["input_keys"], "many"]
    found["foreach"] = {"key": "many"}


def _failing(rng: random.Random, found: Document, taste: str) -> None:
    if rng.random() < 0.5:
        found["retries"] = rng.randint(0, 3)
    if rng.random() < 0.15:
        found["timeout_s"] = rng.choice((0.05, 0.2, 1))
    found["on_failure"] = rng.choice(("skip", "skip", "skip", "fail", "fallback"))
    if found["on_failure"] == "fallback":
        found["fallback_agent"] = (
            "idem" if found["required_agent"] != "idem" and rng.random() < 0.3 else "other"
        )
    if rng.random() < (0.5 if taste == "budgets" else 0.1):
        found["budget"] = {"requests": rng.randint(1, 4)}
