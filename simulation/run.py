"""Run many seeds: clean ones, which must break no promise, then every planted fault until a seed finds it.

    python simulation/run.py [--seeds N] [--bug NAME] [--seed N] [--from N] [--workers N]

A table on stderr; the last line of stdout is one JSON object. With `--seed`
one world alone is run, its whole history printed: the same each time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from simulation.faults.catalogue import FAULTS
from simulation.seed import collect_by_hand, run_seed

CHUNK: Final = 50
REPLAYED_EVERY: Final = 500
"""One seed in so many is run twice, to see whether it is the same world."""
MOST_PER_FAULT: Final = 1_500
"""Seeds a fault may hide from."""
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What a chunk of seeds gave."""

    violations: tuple[tuple[int, str], ...]
    calls: int
    crashes: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Hunt:
    """Whether a fault was found, and by what."""

    bug: str
    seed: int | None
    seeds: int
    what: str


def clean(seeds: range) -> Found:
    """Run clean seeds."""
    violations, calls, crashes, is_exact = [], 0, 0, True
    for seed in seeds:
        outcome = run_seed(seed)
        violations += [(seed, what) for what in outcome.violations]
        calls, crashes = calls + outcome.calls, crashes + outcome.crashes
        if seed % REPLAYED_EVERY == 0:
            is_exact = is_exact and run_seed(seed).digest == outcome.digest
        collect_by_hand()
    return Found(tuple(violations), calls, crashes, is_exact)


def hunt(bug: str, start: int = 0) -> Hunt:
    """Run seeds with a fault until one breaks a promise."""
    for number in range(MOST_PER_FAULT):
        outcome = run_seed(start + number, bug=bug)
        collect_by_hand()
        news = (
            [v for v in outcome.violations if v not in _known(start + number)] if outcome.violations else []
        )
        if news:
            return Hunt(bug, outcome.seed, number + 1, news[0])
    return Hunt(bug, None, MOST_PER_FAULT, "")


def _known(seed: int) -> tuple[str, ...]:
    """Return what a seed breaks without any fault."""
    return run_seed(seed).violations


def chunks(start: int, seeds: int) -> Iterator[range]:
    """Yield the seeds in portions."""
    for first in range(start, start + seeds, CHUNK):
        yield range(first, min(first + CHUNK, start + seeds))


def replay(seed: int, bug: str | None) -> int:
    """Run one world and print all of it."""
    outcome = run_seed(seed, bug=bug)
    print("\n".join(outcome.lines))
    found = {"seed": seed, "bug": bug, "digest": outcome.digest, "violations": list(outcome.violations)}
    print(json.dumps(found))
    return bool(outcome.violations) != (bug is not None)


def main() -> int:
    """Do what was asked; 0 when no promise was broken and every fault was found."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of names come in one order everywhere
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PYTHONHASHSEED": "0"})
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bug", choices=sorted(FAULTS))
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    if given.seed is not None:
        return replay(given.seed, given.bug)
    began = time.perf_counter()
    with ProcessPoolExecutor(given.workers) as pool:
        portions = [] if given.bug else list(pool.map(clean, chunks(given.start, given.seeds)))
        clean_s = time.perf_counter() - began
        hunts = list(pool.map(hunt, [given.bug] if given.bug else FAULTS))
    seeds = 0 if given.bug else given.seeds
    show(portions, hunts, seeds=seeds, clean_s=clean_s)
    print(json.dumps(summary(portions, hunts, seeds=seeds, seconds=time.perf_counter() - began)))
    return any(p.violations for p in portions) or any(h.seed is None for h in hunts)


def summary(
    portions: Sequence[Found], hunts: Sequence[Hunt], *, seeds: int, seconds: float
) -> dict[str, int | float | bool]:
    """Return what the JSON line says."""
    return {
        "bar7_seeds": seeds,
        "bar7_seconds": round(seconds, 1),
        "bar7_violations": sum(len(p.violations) for p in portions),
        "bar7_faults_found": sum(h.seed is not None for h in hunts),
        "bar7_faults_total": len(hunts),
        "bar7_replay_exact": all(p.is_exact for p in portions),
    }


def show(portions: Sequence[Found], hunts: Sequence[Hunt], *, seeds: int, clean_s: float) -> None:
    """Print what was found for people."""
    console = Console(file=sys.stderr, width=150)
    if seeds:
        calls, crashes = sum(p.calls for p in portions), sum(p.crashes for p in portions)
        console.print(f"{seeds} clean seeds in {clean_s:.0f} s: {calls} calls of agents, {crashes} crashes")
    for seed, what in [v for p in portions for v in p.violations][:SHOWN]:
        console.print(f"seed {seed}: {what}", markup=False)
    table = Table("fault", "found by seed", "seeds", "what was broken")
    for one in hunts:
        found = "not found" if one.seed is None else str(one.seed)
        table.add_row(one.bug, found, str(one.seeds), one.what.partition(":")[0])
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
