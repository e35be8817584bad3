"""Bar 5: what the one check takes of a plan of 10,000 subtasks, with and without data flowing between them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from typing import Any, Final

from contracts.card import AgentCard
from contracts.clock import Clock
from contracts.structure import seal
from planner.validation import check

SUBTASKS: Final = 10_000
Make = Callable[[int], dict[str, Any]]


def cards() -> list[AgentCard]:
    """Return the cards of the agents in these plans: typed, so that arguments and types are judged, too."""
    number = {"type": "number"}
    return [
        AgentCard(
            name="join", version="1.0.0", description="Joins.",
            takes={
                "type": "object", "additionalProperties": False, "required": ["a"],
                "properties": {"a": number, "b": number, "c": number},
            },
            gives={"type": "object", "required": ["n"], "properties": {"n": number}},
        )
    ]  # fmt: skip


def graph_plan(count: int) -> dict[str, Any]:
    """Return a plan whose steps wait for up to three earlier ones and read nothing."""
    rng = random.Random(count)
    return _plan(count, lambda n: _step(n, _earlier(rng, n), {"a": {"literal": n}}))


def flow_plan(count: int) -> dict[str, Any]:
    """Return a plan whose steps read what up to three earlier ones gave."""
    rng = random.Random(count)

    def step(n: int) -> dict[str, Any]:
        before = _earlier(rng, n)
        bind: dict[str, Any] = {
            name: {"key": f"k{b}", "pointer": "/n"} for name, b in zip("abc", before, strict=False)
        }
        return _step(n, before, bind or {"a": {"literal": n}})

    return _plan(count, step)


def chain_plan(count: int) -> dict[str, Any]:
    """Return a plan in which each step reads what the one before gave, and the first gave."""

    def step(n: int) -> dict[str, Any]:
        if n == 0:
            return _step(0, [], {"a": {"literal": 0}})
        return _step(
            n, [n - 1], {"a": {"key": f"k{n - 1}", "pointer": "/n"}, "b": {"key": "k0", "pointer": "/n"}}
        )

    return _plan(count, step)


SHAPES: Final[dict[str, Make]] = {"graph": graph_plan, "flow": flow_plan, "chain": chain_plan}


def measure_large(clock: Clock, *, count: int = SUBTASKS, rounds: int = 7) -> dict[str, Any]:
    """Return least and median milliseconds of each shape."""
    found: dict[str, Any] = {"bar5_subtasks": count}
    for name, make in SHAPES.items():
        times = _times(make(count), cards(), clock, rounds)
        found[f"bar5_{name}_ms_least"] = round(min(times), 1)
        found[f"bar5_{name}_ms_median"] = round(statistics.median(times), 1)
    found["bar5_worst_ms_median"] = max(found[f"bar5_{name}_ms_median"] for name in SHAPES)
    return found


def _times(document: dict[str, Any], known: Sequence[AgentCard], clock: Clock, rounds: int) -> list[float]:
    sealed = seal(document)
    times = []
    for _ in range(rounds):
        began = clock.monotonic()
        problems = check(sealed, known)
        times.append(1000 * (clock.monotonic() - began))
        if problems:
            raise SystemExit(
                f"a sound plan of {len(document['subtasks'])} subtasks was refused: {problems[0]}"
            )
    return times


def _earlier(rng: random.Random, n: int) -> list[int]:
    return sorted({rng.randrange(max(0, n - 50), n) for _ in range(3)}) if n else []


def _plan(count: int, step: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    return {"objective": f"{count} steps", "subtasks": [step(n) for n in range(count)]}


def _step(n: int, before: Sequence[int], bind: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"s{n}",
        "objective": f"step {n}",
        "required_agent": "join",
        "dependencies": [f"s{b}" for b in before],
        "input_keys": list(dict.fromkeys(s["key"] for s in bind.values() if "key" in s)),
        "bind": bind,
        "output_key": f"k{n}",
    }
