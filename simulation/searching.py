"""Many worlds: clean ones, which must break no promise, and for each planted fault one that breaks some."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never

from simulation.faults.catalogue import NEAR
from simulation.seed import Outcome, run_seed

ROOT: Final = Path(__file__).parents[1]
REPLAYED_EVERY: Final = 500
"""One seed in so many is run again, by another process, to see whether it is the same world."""
MOST_PER_FAULT: Final = 1_500
"""Seeds a fault may hide from."""
MOST_S: Final = 120.0
"""A world that takes so long spins."""
_OTHER_ORDER: Final = "4711"
"""As PYTHONHASHSEED: names in sets come in another order."""


class Spinning(KeyboardInterrupt):
    """A world that does not end; of a kind that no border in it holds up."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a portion of clean seeds gave."""

    violations: tuple[tuple[int, str], ...]
    calls: int
    crashes: int
    digests: Mapping[int, str]
    """Of those seeds that are run again."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """Whether a fault was found, and by what."""

    bug: str
    seed: int | None
    seeds: int
    what: str


def clean(seeds: range) -> Found:
    """Run clean seeds."""
    violations: list[tuple[int, str]] = []
    digests: dict[int, str] = {}
    calls = crashes = 0
    for seed in seeds:
        outcome = world_of(seed)
        violations += [(seed, what) for what in outcome.violations]
        calls, crashes = calls + outcome.calls, crashes + outcome.crashes
        if seed % REPLAYED_EVERY == 0:
            digests[seed] = outcome.digest
        gc.collect()
    return Found(tuple(violations), calls, crashes, digests)


def hunt(bug: str) -> Hunt:
    """Run seeds with a fault until one breaks a promise that the same seed without it keeps."""
    start = NEAR.get(bug, 0)
    for number in range(MOST_PER_FAULT):
        outcome = world_of(start + number, bug)
        gc.collect()
        known = world_of(start + number).violations if outcome.violations else ()
        news = [what for what in outcome.violations if what not in known]
        if news:
            return Hunt(bug, outcome.seed, number + 1, news[0])
    return Hunt(bug, None, MOST_PER_FAULT, "")


def world_of(seed: int, bug: str | None = None) -> Outcome:
    """Run one world; one that spins is a finding as well."""
    try:
        with bounded(MOST_S):
            return run_seed(seed, bug=bug)
    except Spinning:
        return Outcome(seed, "", (f"a world ends: it did not within {MOST_S:g} s",), (), 0, 0)


def digests_elsewhere(seeds: list[int]) -> dict[int, str]:
    """Return the digests of seeds, run by another process in which names in sets come in another order."""
    asked = "from simulation.seed import run_seed; import sys; [print(run_seed(int(s)).digest) for s in sys.argv[1:]]"
    surroundings = {**os.environ, "PYTHONHASHSEED": _OTHER_ORDER}
    said = subprocess.run(
        [sys.executable, "-c", asked, *map(str, seeds)],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(seeds, said.stdout.split(), strict=True))


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise Spinning in the main thread after so long."""

    def ring(*_: object) -> Never:
        raise Spinning

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
