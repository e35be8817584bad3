"""Plans for the experiments, and what each must come to."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from benchmarks.chaos.cast import number_of

Step = dict[str, Any]


def step(name: str, agent: str, *after: str, **given: Any) -> Step:
    """Return a subtask that reads what it depends on; `given` are its literals."""
    literals = {k: {"literal": v} for k, v in given.items()}
    return {
        "id": name, "objective": f"body {name}", "required_agent": agent, "dependencies": list(after),
        "input_keys": [f"k_{d}" for d in after], "bind": literals, "output_key": f"k_{name}",
    }  # fmt: skip


def plan(objective: str, steps: Sequence[Step], **more: Any) -> dict[str, Any]:
    """Return a plan whose result is its last subtask's."""
    last = steps[-1]["output_key"]
    return {"objective": objective, "subtasks": list(steps), "result_key": last, **more}


def random_plan(rng: random.Random, objective: str, *, agents: Mapping[str, int]) -> dict[str, Any]:
    """Return a random graph of bodies of 1 to 50 ms, which one last subtask gathers.

    Args:
        rng: Decides everything.
        objective: Unique, so that the run is found again.
        agents: Name -> weight.
    """
    names, weights = list(agents), list(agents.values())
    steps: list[Step] = []
    for number in range(rng.randint(3, 9)):
        before = [s["id"] for s in rng.sample(steps, min(len(steps), rng.randint(0, 3)))]
        agent = rng.choices(names, weights)[0]
        flaky = {"flaky": True} if agent in {"chaos_pure", "chaos_keyed"} and rng.random() < 0.1 else {}
        steps.append(step(f"s{number}", agent, *before, ms=round(rng.uniform(1, 50), 1), **flaky))
    read = {d for s in steps for d in s["dependencies"]}
    leaves = [s["id"] for s in steps if s["id"] not in read]
    steps.append(step("last", "chaos_pure", *leaves, ms=1))
    return plan(objective, steps)


def chain(objective: str, agents: Sequence[str], *, ms: float) -> dict[str, Any]:
    """Return subtasks one after the other."""
    steps: list[Step] = []
    for number, agent in enumerate(agents):
        steps.append(step(f"s{number}", agent, *([f"s{number - 1}"] if number else []), ms=ms))
    return plan(objective, steps)


def expected(document: Mapping[str, Any]) -> dict[str, int]:
    """Return what each subtask must give."""
    found: dict[str, int] = {}
    for each in document["subtasks"]:  # in an order in which everything stands after what it needs
        given: dict[str, JsonValue] = {d: {"n": found[d]} for d in each["dependencies"]}
        found[each["id"]] = number_of(each["id"], given)
    return found
