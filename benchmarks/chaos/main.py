"""Hurt a real service and count what it promised and did not keep.

    python benchmarks/chaos/main.py [--n N] [--bars 3,5] [--seed N] [--keep FOLDER]

N kills for bar 3; everything else grows with it, up to its full size at 1,000.
A table on stderr; the last line of stdout is one JSON object. Exit 1 when a
figure is over what it may be.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.chaos.cancels import cancel_often
from benchmarks.chaos.cold import start_cold
from benchmarks.chaos.crash_points import crash_everywhere
from benchmarks.chaos.drains import drain_often
from benchmarks.chaos.effects import kill_at_effects
from benchmarks.chaos.figures import Figure, say, show
from benchmarks.chaos.flips import flip_bytes
from benchmarks.chaos.full_disk import fill_disk
from benchmarks.chaos.kills import kill_often
from benchmarks.chaos.parked import park_many
from benchmarks.chaos.streams import stream_to_many

FULL: Final = 1000

Experiment = Callable[[Path, int, int], Awaitable[list[Figure]]]
"""Of a folder of its own, N and a seed."""

EXPERIMENTS: Final[Mapping[str, Mapping[str, Experiment]]] = {
    "3": {"kills": lambda folder, n, seed: kill_often(folder, kills=n, seed=seed)},
    "4": {
        "effects": lambda folder, n, seed: kill_at_effects(folder, kills=scaled(200, n, least=10), seed=seed),
        "crash_points": lambda _, n, seed: crash_everywhere(points=scaled(10_000, n, least=1000), seed=seed),
    },
    "5": {"cancels": lambda folder, n, _: cancel_often(folder, times=scaled(100, n, least=5))},
    "6": {
        "parked": lambda folder, n, seed: park_many(
            folder, parked=scaled(100_000, n, least=1000), wakes=scaled(200, n, least=20), seed=seed
        ),
        "cold": lambda folder, n, _: start_cold(
            folder, rows=scaled(1_000_000, n, least=10_000), unfinished=scaled(10_000, n, least=100)
        ),
    },
    "8": {
        "full_disk": lambda folder, _n, _seed: fill_disk(folder),
        "flips": lambda folder, n, seed: flip_bytes(folder, flips=scaled(1000, n, least=20), seed=seed),
    },
    "10": {
        "streams": lambda folder, n, seed: stream_to_many(
            folder, clients=scaled(1000, n, least=20), reconnects=scaled(100, n, least=5), seed=seed
        ),
        "drains": lambda folder, n, seed: drain_often(folder, rounds=scaled(10, n, least=2), seed=seed),
    },
}


def scaled(full: int, n: int, *, least: int) -> int:
    """Return how much of something N asks for."""
    return min(full, max(least, full * n // FULL))


async def run_bars(bars: list[str], *, n: int, seed: int, folder: Path) -> list[Figure]:
    """Run the experiments of some bars, one after the other, and return every figure."""
    found: list[Figure] = []
    for bar in bars:
        for name, experiment in EXPERIMENTS[bar].items():
            say(f"bar {bar}: {name}")
            place = folder / name
            place.mkdir()
            found += await experiment(place, n, seed)
    return found


def main() -> int:
    """Run, print, and say by the exit code whether everything holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--bars", default=",".join(EXPERIMENTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave everything there")
    asked = parser.parse_args()
    bars = [bar for bar in asked.bars.split(",") if bar]
    unknown = [bar for bar in bars if bar not in EXPERIMENTS]
    if unknown:
        parser.error(f"no bar is called {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder: Path = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        figures = asyncio.run(run_bars(bars, n=asked.n, seed=asked.seed, folder=folder.resolve()))
    show(figures)
    return int(any(figure.verdict == "FAILS" for figure in figures))


if __name__ == "__main__":
    raise SystemExit(main())
