"""What every contender shares: what it is asked, and the one line it answers with.

Standard library only: the peers' environment imports it too. A contender is
one process that runs one case once and ends, so that nobody's threads or
caches run into the next one's time.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

Case = Literal["fan", "many", "chain"]

CHAIN: Final = 5
"""Subtasks of each objective of the case `many`, each waiting for the one before."""
WARM: Final = 30
"""Of a small run before the clock starts, so that nobody pays for first calls."""


@dataclass(frozen=True)
class Asked:
    """One case."""

    case: Case
    """`fan`: one plan of `count` subtasks that wait for nothing; `many`: `count` plans of `CHAIN` subtasks at once;
    `chain`: one plan of `count` subtasks, each waiting for the one before."""
    count: int
    folder: Path
    """Empty, for the database."""
    flags: frozenset[str]

    @property
    def subtasks(self) -> int:
        """How many there are in all."""
        return self.count * CHAIN if self.case == "many" else self.count

    @property
    def warming(self) -> int:
        """How many the run before the clock starts has."""
        return WARM * CHAIN if self.case == "many" else WARM


def asked() -> Asked:
    """Return what the command line asks for: CASE COUNT FOLDER [FLAG...]."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=("fan", "many", "chain"))
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("flags", nargs="*")
    given = parser.parse_args()
    return Asked(cast("Case", given.case), given.count, given.folder, frozenset(given.flags))


def answer(seconds: float, **more: Any) -> None:
    """Print what was measured, as the last line of stdout."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": round(peak_kb / 1024, 1)} | more), flush=True)


@dataclass(frozen=True)
class Syncs:
    """What the slow disk counted so far in this process."""

    count: int
    seconds: float

    def since(self, before: Syncs) -> dict[str, float]:
        """Return what came after `before`, for an answer."""
        return {"fsyncs": self.count - before.count, "fsync_s": round(self.seconds - before.seconds, 6)}


def syncs() -> Syncs:
    """Return how often this process synced a file and how long that took; nothing without the shim of `slow_disk`."""
    try:
        shim = ctypes.CDLL(None)
        shim.slow_disk_syncs.restype = shim.slow_disk_nanoseconds.restype = ctypes.c_long
        return Syncs(int(shim.slow_disk_syncs()), int(shim.slow_disk_nanoseconds()) / 1e9)
    except AttributeError:
        return Syncs(0, 0.0)
