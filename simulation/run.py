"""Run many seeds: clean ones, which must break no promise, then every planted fault until a seed finds it.

    python simulation/run.py [--seeds N] [--bug NAME] [--seed N] [--from N] [--workers N]

A table on stderr; the last line of stdout is one JSON object. With `--seed`
one world alone is run, its whole history printed: the same each time. BUG in
the environment says what `--bug` does.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from rich.console import Console
from rich.table import Table

from simulation.faults.catalogue import FAULTS
from simulation.searching import Found, Hunt, clean, digests_elsewhere, hunt
from simulation.seed import run_seed

CHUNK: Final = 50
SHOWN: Final = 20


def main() -> int:
    """Do what was asked; 0 when no promise was broken and every fault was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bug", choices=sorted(FAULTS), default=os.environ.get("BUG") or None)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    if given.bug is not None and given.bug not in FAULTS:  # from the environment it comes unchecked
        parser.error(f"no fault is called {given.bug!r}; there are: {', '.join(FAULTS)}")
    if given.seed is not None:
        return replay(given.seed, given.bug)
    began = time.perf_counter()
    with ProcessPoolExecutor(given.workers, initializer=gc.freeze) as pool:
        portions = [] if given.bug else list(pool.map(clean, chunks(given.start, given.seeds)))
        clean_s = time.perf_counter() - began
        hunts = list(pool.map(hunt, [given.bug] if given.bug else FAULTS))
    is_exact = replays_exactly(portions)
    seeds = 0 if given.bug else given.seeds
    show(portions, hunts, seeds=seeds, clean_s=clean_s)
    found = summary(portions, hunts, seeds=seeds, seconds=time.perf_counter() - began)
    print(json.dumps(found | {"bar7_replays_exact": is_exact}))
    return not is_exact or any(p.violations for p in portions) or any(h.seed is None for h in hunts)


def chunks(start: int, seeds: int) -> Iterator[range]:
    """Yield the seeds in portions."""
    for first in range(start, start + seeds, CHUNK):
        yield range(first, min(first + CHUNK, start + seeds))


def replay(seed: int, bug: str | None) -> int:
    """Run one world and print all of it; 0 when it broke a promise with a fault, or none without."""
    outcome = run_seed(seed, bug=bug)
    print("\n".join(outcome.lines))
    found = {"seed": seed, "bug": bug, "digest": outcome.digest, "violations": list(outcome.violations)}
    print(json.dumps(found))
    return bool(outcome.violations) != (bug is not None)


def replays_exactly(portions: Sequence[Found]) -> bool:
    """Say whether some seeds are the same worlds again in another process, to the last line."""
    here = {seed: digest for portion in portions for seed, digest in portion.digests.items()}
    return not here or digests_elsewhere(list(here)) == here


def summary(
    portions: Sequence[Found], hunts: Sequence[Hunt], *, seeds: int, seconds: float
) -> dict[str, int | float | bool]:
    """Return what the JSON line says."""
    return {
        "bar7_seeds": seeds,
        "bar7_seconds": round(seconds, 1),
        "bar7_violations": sum(len(p.violations) for p in portions),
        "bar7_faults_planted": len(hunts),
        "bar7_faults_found": sum(h.seed is not None for h in hunts),
    }


def show(portions: Sequence[Found], hunts: Sequence[Hunt], *, seeds: int, clean_s: float) -> None:
    """Print what was found for people, and how to see it again."""
    console = Console(file=sys.stderr, width=150)
    if seeds:
        calls, crashes = sum(p.calls for p in portions), sum(p.crashes for p in portions)
        console.print(f"{seeds} clean seeds in {clean_s:.0f} s: {calls} calls of agents, {crashes} crashes")
    first = {seed: what for p in portions for seed, what in reversed(p.violations)}
    for seed, what in sorted(first.items())[:SHOWN]:
        console.print(f"make simulate SEED={seed}   # {what}", markup=False, soft_wrap=True)
    table = Table("fault", "what is planted", "found by seed", "seeds", "what was broken")
    for one in hunts:
        found = "not found" if one.seed is None else str(one.seed)
        table.add_row(one.bug, FAULTS[one.bug].what, found, str(one.seeds), one.what.partition(":")[0])
    console.print(table)
    for one in [h for h in hunts if h.seed is not None][:1]:
        console.print(f"See one again: make simulate BUG={one.bug} SEED={one.seed}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
