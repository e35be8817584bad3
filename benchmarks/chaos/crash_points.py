"""Bar 4, simulated: worlds full of effects, each crashed at one disk operation after the other.

Each world is run once in peace, then again and again with one or two deaths:
at the next disk operation from the start, or anywhere. What was not synced is
kept as the seed says; the next life goes on until the client is content. The
laws of the simulation then look for effects that happened twice or were
hushed up.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from benchmarks.chaos.figures import Figure, say
from simulation.disk import LOSSES
from simulation.laws.book import judge
from simulation.laws.evidence import Proof
from simulation.seed import quiet
from simulation.setting import Death
from simulation.world import World

TWICE: Final = frozenset({"no effect happens twice"})
HUSHED: Final = frozenset(
    {
        "every ambiguous effect is surfaced",
        "every intent has its end",
        "an unknown effect is not run again",
        "a reconcile result is honoured",
    }
)
MOST_PER_WORLD: Final = 200
AGAIN: Final = 0.25
"""How many points have a second death behind the first."""
SHOWN: Final = 5


@dataclass(slots=True)
class Tally:
    """What some crash points came to."""

    points: int = 0
    effects: int = 0
    unknown: int = 0
    """Attempts that ended as `effect.unknown`."""
    twice: int = 0
    hushed: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    """Every law that was broken."""
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another's."""
        self.points += other.points
        self.effects += other.effects
        self.unknown += other.unknown
        self.twice += other.twice
        self.hushed += other.hushed
        self.broken += other.broken
        self.examples += other.examples[: SHOWN - len(self.examples)]


async def crash_everywhere(*, points: int, seed: int) -> list[Figure]:
    """Crash at so many points and return the bar's figures."""
    total = await asyncio.to_thread(_crash, points, seed * 1_000_000)
    for example in total.examples:
        say(example)
    others = sum(total.broken.values()) - total.twice - total.hushed
    return [
        Figure("bar4_simulated_crash_points", total.points),
        Figure("bar4_simulated_effects", total.effects),
        Figure("bar4_simulated_double_effects", total.twice, most=0),
        Figure("bar4_simulated_ambiguous", total.unknown, what="ended as effect.unknown"),
        Figure("bar4_simulated_ambiguous_unsurfaced", total.hushed, most=0),
        Figure(
            "bar4_simulated_other_laws_broken", others, most=0, what=", ".join(sorted(total.broken))[:100]
        ),
    ]


def _crash(points: int, first: int) -> Tally:
    total = Tally()
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        worlds = _worlds(first)
        while total.points < points:
            left = points - total.points
            some = [next(worlds) for _ in range(4)]
            for tally in pool.map(partial(crash_world, most=min(MOST_PER_WORLD, -(-left // 4))), some):
                total.add(tally)
    return total


def _worlds(first: int) -> Iterator[int]:
    """Yield the seeds of worlds with a taste for effects."""
    seed = first
    while True:
        if World(seed).setting.taste == "effects":
            yield seed
        seed += 1


def crash_world(seed: int, *, most: int = MOST_PER_WORLD) -> Tally:
    """Crash a world at so many points, each in a world of its own that is else the same."""
    rng, found = random.Random(seed), Tally()
    with quiet():
        peace = _world(seed, ())
        peace.run()
        for number in range(most):
            deaths = _deaths(rng, number, peace_s=peace.now_s)
            found.add(_judged(seed, deaths, _world(seed, deaths).run()))
            gc.collect()
    return found


def _deaths(rng: random.Random, number: int, *, peace_s: float) -> tuple[Death, ...]:
    """Return the end of one life, or of two: every other one at the next disk operation from the start."""
    ops = number // 2 + 1
    first = Death("power", 0.0, LOSSES[ops % len(LOSSES)], ops) if number % 2 else _anywhere(rng, peace_s)
    return (first, _anywhere(rng, peace_s)) if rng.random() < AGAIN else (first,)


def _anywhere(rng: random.Random, peace_s: float) -> Death:
    after_s = rng.uniform(0.0, max(peace_s, 0.01))
    if rng.random() < 0.3:
        return Death("kill", after_s)
    return Death("power", after_s, rng.choice(LOSSES), rng.randint(0, 8))


def _world(seed: int, deaths: tuple[Death, ...]) -> World:
    world = World(seed)
    setting = replace(world.setting, deaths=deaths, troubles=(), starts_old=False, dies_migrating=0, flips=0)
    world.setting = world.proof.setting = setting
    return world


def _judged(seed: int, deaths: tuple[Death, ...], proof: Proof) -> Tally:
    judge(proof)
    found = Tally(points=1, effects=sum(e.kind == "effectful" for e in proof.history.effects))
    found.unknown = sum(row["error_code"] == "effect.unknown" for row in proof.snapshots[-1].rows["trace"])
    for violation in proof.history.violations:
        law = violation.partition(":")[0]
        found.broken[law] += 1
        found.twice += law in TWICE
        found.hushed += law in HUSHED
        found.examples.append(f"world {seed}, {deaths}: {violation}")
    return found
