"""What the database holds after it all, read with bare SQL: no code of the product stands between."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.chronicle import Place
from benchmarks.chaos.feeder import FINAL, Objective
from benchmarks.chaos.victim import DATABASE


@dataclass(frozen=True, slots=True)
class Ended:
    """One trace row."""

    place: Place
    attempt: int
    status: str
    error_code: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Runs, attempts and values as they are stored."""

    states: dict[str, str]
    """Run id -> state."""
    traces: dict[str, Ended]
    """By trace id."""
    values: dict[tuple[str, str], int]
    """Run id and key -> the number under it."""
    objectives: Counter[str]
    """Text -> how many runs have it."""

    def has_run(self, run_id: str) -> bool:
        """Whether it is there."""
        return run_id in self.states

    def is_final(self, run_id: str) -> bool:
        """Whether it is over."""
        return self.states.get(run_id, "") in FINAL

    def status_of(self, trace_id: str) -> str:
        """Return an attempt's status, empty where it is not there."""
        found = self.traces.get(trace_id)
        return found.status if found is not None else ""

    def failures(self) -> set[tuple[Place, int]]:
        """Return the attempts that ended without success by themselves."""
        return {(t.place, t.attempt) for t in self.traces.values() if t.status in {"failure", "timeout"}}

    def successes(self) -> Counter[Place]:
        """Return how often each place succeeded."""
        return Counter(t.place for t in self.traces.values() if t.status == "success" and t.attempt > 0)

    def codes(self) -> dict[Place, set[str]]:
        """Return the error codes of each place."""
        found: dict[Place, set[str]] = {}
        for trace in self.traces.values():
            found.setdefault(trace.place, set()).add(trace.error_code)
        return found

    def is_right(self, objective: Objective) -> bool:
        """Whether every subtask's value is what the model of the plan says."""
        wanted = objective.wanted
        return all(self.values.get((objective.run_id, f"k_{name}")) == n for name, n in wanted.items())

    def most_runs_of_one_objective(self) -> int:
        """Return how many runs share a text, at the most: each was asked for under one key."""
        return max(self.objectives.values(), default=0)


def read_kept(folder: Path) -> Kept:
    """Return everything a folder's database holds."""
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as connection:
        runs = connection.execute("SELECT run_id, objective, state FROM run").fetchall()
        rows = connection.execute(
            "SELECT trace_id, run_id, subtask_id, item_index, attempt, status, error_code FROM trace"
        ).fetchall()
        values = connection.execute("SELECT run_id, key, value FROM value WHERE value IS NOT NULL").fetchall()
    return Kept(
        states={run_id: state for run_id, _, state in runs},
        traces={
            trace_id: Ended((run_id, _subtask(name, index)), attempt, status, code or "")
            for trace_id, run_id, name, index, attempt, status, code in rows
        },
        values={(run_id, key): json.loads(text).get("n") for run_id, key, text in values},
        objectives=Counter(objective for _, objective, _ in runs),
    )


def _subtask(name: str, index: int | None) -> str:
    return name if index is None or index < 0 else f"{name}#{index}"
