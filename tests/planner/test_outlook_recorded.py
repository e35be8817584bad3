"""How good estimates are, told by runs that were recorded: each is foretold from those before it.

`recorded_runs.json` has twelve runs each of four plans on the auction example,
on two busy cores: attempts as `[subtask, element, attempt, status, ms]`, and
the seconds from a run's start to its end.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.priors import Past
from planner.outlook.outlook import outlook
from traces.priors import OF_PLAN, prior_of

RECORDED: dict[str, dict[str, Any]] = {
    case["name"]: case
    for case in json.loads((Path(__file__).parent / "recorded_runs.json").read_text(encoding="utf-8"))
}
SEEN_LEAST = 3
"""Runs before the first that is foretold."""
BAND, BAND_S = 0.30, 0.010
"""A p50 is near when it is off by no more than this share, or by no more than so many seconds."""


def cards_of(plan: dict[str, Any]) -> list[AgentCard]:
    names = {s["required_agent"] for s in plan["subtasks"]}
    least = {"version": "0.1.0", "description": "d", "takes": {}, "gives": {}, "uses": ["requests"]}
    return [read_card({"name": name, **least}, where=name) for name in sorted(names)]


def past_of_runs(plan: dict[str, Any], runs: Sequence[dict[str, Any]]) -> Past:
    agents = {s["id"]: s["required_agent"] for s in plan["subtasks"]}
    by_step: defaultdict[str, list[Any]] = defaultdict(list)
    by_agent: defaultdict[str, list[Any]] = defaultdict(list)
    for number, run in enumerate(runs[-OF_PLAN:]):
        for sid, item, attempt, status, ms in run["attempts"]:
            row = {"run_id": str(number), "subtask_id": sid, "item_index": item, "attempt": attempt}
            row |= {"status": status, "duration_ms": ms, "started_ms": 0, "tokens": None, "usd": None}
            by_step[sid].append(row)
            by_agent[agents[sid]].append(row)
    steps = {sid: prior for sid, rows in by_step.items() if (prior := prior_of(rows))}
    return Past(
        agents={name: prior for name, rows in by_agent.items() if (prior := prior_of(rows))},
        steps=steps,
        runs=len(runs),
    )


def foretold(case: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return p50, p95 and what it came to, of every run that has enough before it."""
    plan, runs = case["plan"], case["runs"]
    found = []
    for number in range(SEEN_LEAST, len(runs)):
        seconds = outlook(plan, cards_of(plan), past=past_of_runs(plan, runs[:number])).seconds
        found.append((seconds.p50, seconds.p95, runs[number]["seconds"]))
    return found


ALL = [each for case in RECORDED.values() for each in foretold(case)]


def test_the_middle_estimate_of_a_repeated_plan_is_near_in_nine_of_ten() -> None:
    near = [abs(p50 - real) <= max(BAND * real, BAND_S) for p50, _, real in ALL]
    assert len(near) == len(RECORDED) * 9
    assert sum(near) / len(near) >= 0.9


def test_a_repeated_plan_seldom_takes_longer_than_the_slow_estimate() -> None:
    assert sum(real <= p95 for _, p95, real in ALL) / len(ALL) >= 0.9


@pytest.mark.parametrize("name", ["trucks", "photos"])
def test_the_slow_estimate_is_no_empty_promise(name: str) -> None:
    for _, p95, real in foretold(RECORDED[name]):
        assert p95 <= 5 * real


@pytest.mark.parametrize("name", ["trucks", "photos"])
def test_the_past_of_its_agents_alone_gives_the_order_of_magnitude(name: str) -> None:
    case = RECORDED[name]
    past = past_of_runs(case["plan"], case["runs"])
    seconds = outlook(case["plan"], cards_of(case["plan"]), past=Past(agents=past.agents)).seconds
    real = sorted(run["seconds"] for run in case["runs"])[len(case["runs"]) // 2]
    assert seconds.p50 <= 10 * real
    assert seconds.p95 >= real


def test_the_elements_of_a_list_are_remembered() -> None:
    case = RECORDED["photos"]
    found = outlook(case["plan"], cards_of(case["plan"]), past=past_of_runs(case["plan"], case["runs"]))
    told = {s.id: (s.elements.expected, s.elements.source) for s in found.steps if s.elements}
    counts = dict.fromkeys(told, 0)
    for sid, item, *_ in case["runs"][0]["attempts"]:
        if sid in counts:
            counts[sid] = max(counts[sid], item + 1)
    assert told == {sid: (number, "past") for sid, number in counts.items()}
