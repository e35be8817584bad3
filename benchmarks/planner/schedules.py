"""Bar 3: gold graphs of others, scheduled by the real engine in virtual time, beside a schedule with barriers."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from benchmarks.planner.figures import Figures
from benchmarks.planner.virtual import run_virtually, taker_card
from contracts.plan import load_plan
from planner.checked import load_checked

AGENT: Final = "taker"
CEILING: Final = 1.02
"""Times the optimum."""
LEAST_S: Final = 1000.0
"""Of virtual time; a shorter case is stretched to it, so that what a commit takes does not count."""


class Dag:
    """Steps with durations, and which waits for which."""

    def __init__(self, seconds: Mapping[str, float], edges: Sequence[tuple[str, str]]) -> None:
        self.seconds = dict(seconds)
        self.before: dict[str, list[str]] = {step: [] for step in seconds}
        for earlier, later in edges:
            self.before[later].append(earlier)

    @cached_property
    def order(self) -> list[str]:
        """Return the steps, each after those it waits for."""
        found: dict[str, None] = {}

        def visit(step: str) -> None:
            if step not in found:
                for earlier in self.before[step]:
                    visit(earlier)
                found[step] = None

        for step in self.seconds:
            visit(step)
        return list(found)

    @property
    def optimum_s(self) -> float:
        """Return the length of the longest chain: no schedule is shorter, one with enough places is as short."""
        ends: dict[str, float] = {}
        for step in self.order:
            ends[step] = self.seconds[step] + max((ends[b] for b in self.before[step]), default=0.0)
        return max(ends.values())

    @property
    def barrier_s(self) -> float:
        """Return what it takes where a level starts only when the level before has wholly ended."""
        levels: dict[str, int] = {}
        for step in self.order:
            levels[step] = 1 + max((levels[b] for b in self.before[step]), default=0)
        slowest: dict[int, float] = {}
        for step, level in levels.items():
            slowest[level] = max(slowest.get(level, 0.0), self.seconds[step])
        return sum(slowest.values())

    def document(self, objective: str) -> dict[str, Any]:
        """Return it as a plan."""
        return {
            "objective": objective,
            "subtasks": [
                {
                    "id": f"s{step}",
                    "objective": f"step {step}",
                    "required_agent": AGENT,
                    "dependencies": [f"s{b}" for b in dict.fromkeys(self.before[step])],
                    "input_keys": [],
                    "output_key": f"k{step}",
                }
                for step in self.seconds
            ],
        }


def read_asynchow(path: Path) -> list[tuple[str, Dag, float]]:
    """Return each case: objective, graph, gold optimum; twice, least and most, where durations are ranges."""
    found = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        for end in (0, -1) if _is_range(row) else (0,):
            seconds = {step["id"]: float(step["seconds"][end]) for step in row["steps"]}
            edges = [(a, b) for a, b in row["dependencies"]]
            found.append((row["objective"], Dag(seconds, edges), float(row["gold_optimal_seconds"][end])))
    return found


def measure_asynchow(path: Path) -> Figures:
    """Return the figures of every case on the virtual clock."""
    ratios, barriers = [], []
    wrong = impossible = 0
    for objective, dag, gold in read_asynchow(path):
        plan = load_checked(dag.document(objective), [taker_card(AGENT)])
        # no schedule is shorter than the longest chain, whatever the gold says
        optimum = max(gold, dag.optimum_s)
        impossible += gold < dag.optimum_s * (1 - 1e-9)
        longer = max(1.0, LEAST_S / optimum) if optimum else 1.0
        seconds = {f"s{step}": s * longer for step, s in dag.seconds.items()}
        ran = run_virtually(plan, seconds, agents=[AGENT], slots=len(seconds))
        wrong += not (ran.has_succeeded and ran.keeps_order(plan))
        if optimum:
            ratios.append(ran.makespan_s / (optimum * longer))
            barriers.append(dag.barrier_s / dag.optimum_s)
    slower = [b for b in barriers if b > 1.0]
    return {
        "bar3_asynchow_cases": len(ratios),
        "bar3_asynchow_over": sum(r > CEILING for r in ratios),
        "bar3_asynchow_out_of_order": wrong,
        "bar3_asynchow_gold_impossible": impossible,
        "bar3_asynchow_worst_ratio": round(max(ratios), 6),
        "bar3_asynchow_median_ratio": round(statistics.median(ratios), 6),
        "bar3_barrier_slower_cases": len(slower),
        "bar3_barrier_worst_ratio": round(max(barriers), 4),
        "bar3_barrier_mean_where_slower": round(statistics.mean(slower), 4) if slower else 1.0,
    }


def _is_range(row: Mapping[str, Any]) -> bool:
    return any(low != high for low, high in (step["seconds"] for step in row["steps"]))


def runs_in_order(document: Mapping[str, Any]) -> bool:
    """Say whether a plan of agents that do nothing runs to its end, each step after those it waits for."""
    plan = load_plan(document)
    names = sorted({s.required_agent for s in plan.subtasks})
    ran = run_virtually(plan, {}, agents=names, slots=len(plan.subtasks))
    return ran.has_succeeded and ran.keeps_order(plan)
