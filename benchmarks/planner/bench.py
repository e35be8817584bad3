"""The planner that needs no model: does it refuse what is broken, plan what was asked, and how fast.

    python -P benchmarks/planner/bench.py [--bars 1,2,…] [--cases FOLDER] [--replies N]

A table on stderr; the last line of stdout is one JSON object whose keys begin
with the bar's number. Each bar is measured in a process of its own. Exits with 1 when a promise is not kept. What needs
cases that are absent is left out, and said.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from benchmarks.planner.figures import Figures, say, show
from benchmarks.planner.fuzz import measure_fuzz
from benchmarks.planner.imports import measure_taskbench, measure_worfbench
from benchmarks.planner.injection import measure_injection
from benchmarks.planner.large import measure_large
from benchmarks.planner.objectives import measure_objectives
from benchmarks.planner.replies import measure_classes
from benchmarks.planner.schedules import measure_asynchow
from contracts.clock import Clock, SystemClock

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Wish:
    """What the bars are measured with."""

    cases: Path
    """The folder of plans nobody here wrote."""
    replies: int
    """To fuzz."""
    clock: Clock

    def case(self, name: str) -> Path | None:
        """Return a file of cases, None where it is absent."""
        path = self.cases / "planning" / name
        if path.is_file():
            return path
        say(f"no {name} under {str(self.cases)!r}: set CALLSHEET_CASES to the folder of cases")
        return None


def bar1(wish: Wish) -> Figures:
    """Malformed replies by class, then fuzzed ones."""
    return measure_classes() | measure_fuzz(wish.replies)


def bar2(wish: Wish) -> Figures:
    """Plans of real models through the importer."""
    path = wish.case("taskbench_llm_plans.jsonl")
    return measure_taskbench(path) if path else {}


def bar3(wish: Wish) -> Figures:
    """Gold graphs through the importer and the engine, and their schedules in virtual time."""
    found: Figures = {}
    if path := wish.case("worfbench_gold.jsonl"):
        found |= measure_worfbench(path)
    if path := wish.case("asynchow_schedule.jsonl"):
        found |= measure_asynchow(path)
    return found


BARS: Final[Mapping[str, Callable[[Wish], Figures]]] = {
    "1": bar1,
    "2": bar2,
    "3": bar3,
    "4": lambda wish: measure_objectives(wish.clock),
    "5": lambda wish: measure_large(wish.clock),
    "6": lambda _: measure_injection(),
}


def run_bar(bar: str, wish: Wish) -> Figures:
    """Measure one bar, in the process this is called in."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    say(f"bar {bar}")
    return BARS[bar](wish)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print it, and say by the exit code whether it holds.

    Args:
        arguments: The process's, when absent.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.environ.get("CALLSHEET_CASES") or str(ROOT.parent / "shared" / "cases")
    parser.add_argument("--bars", default=",".join(BARS))
    parser.add_argument("--cases", type=Path, default=Path(default))
    parser.add_argument("--replies", type=int, default=100_000)
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.bars.split(",")) - BARS.keys())
    if unknown:
        parser.error(f"no bar is called {', '.join(unknown)}; there are {', '.join(BARS)}")
    wish = Wish(given.cases, given.replies, SystemClock())
    found: Figures = {}
    # what one bar leaves in memory would slow the collector's turns in the next
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for bar in given.bars.split(","):
            found |= pool.submit(run_bar, bar, wish).result()
    return 0 if show(found) else 1


if __name__ == "__main__":
    sys.exit(main())
