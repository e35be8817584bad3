"""What a seed decides before anything happens: how big, how unlucky, and what there is much of."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final, Literal

from dispatcher.limits import Limits
from simulation.disk import LOSSES, Loss

TASTES: Final = ("", "", "effects", "effects", "waits", "retries", "fans", "budgets", "crowd")

DeathKind = Literal["power", "kill", "drain", "frozen"]
"""Power cut; the process alone dies; an orderly end; it stalls, is replaced, and its last writes arrive late."""


@dataclass(frozen=True, slots=True)
class Death:
    """How one life of the process ends."""

    kind: DeathKind
    after_s: float
    loss: Loss = "none"
    ops: int = 0
    """Disk operations that still succeed once the time has come; 0: it ends at once."""
    calls: int = 0
    """Where not 0 the time comes so soon after this many calls of agents, if that is sooner."""
    hangs_s: float = 0.0
    """For so long before it nothing that is handed over is written."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which the disk refuses."""

    kind: Literal["full", "failing"]
    at_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Setting:
    """The draw."""

    taste: str
    limits: Limits
    runs: int
    spread_s: float
    """Over how long the runs are handed in."""
    deaths: tuple[Death, ...]
    troubles: tuple[Trouble, ...]
    checkpoint_pages: int
    starts_old: bool
    """The file begins as an earlier version left it."""
    dies_migrating: int
    """Disk operations until the power goes in the first opening; 0: it does not."""
    flips: int
    """Bytes that are changed in the rows at the end, to see whether anybody notices."""

    @classmethod
    def draw(cls, rng: random.Random) -> Setting:
        """Draw one."""
        taste = rng.choice(TASTES)
        starts_old = rng.random() < 0.06
        return cls(
            taste=taste,
            limits=Limits(**_limits(rng, taste)),
            runs=rng.randint(4, 7) if taste == "crowd" else rng.choice((1, 2, 2, 3, 3, 4)),
            spread_s=rng.choice((0.0, 0.5, 5.0)),
            deaths=tuple(_death(rng) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 3, 4)))),
            troubles=tuple(_trouble(rng) for _ in range(rng.choice((0, 0, 0, 0, 0, 1)))),
            checkpoint_pages=rng.choice((1, 20, 100, 1000)),
            starts_old=starts_old,
            dies_migrating=rng.randint(1, 60) if rng.random() < (0.6 if starts_old else 0.02) else 0,
            flips=rng.choice((0, 0, 0, 0, 3)),
        )


def _limits(rng: random.Random, taste: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "slots": rng.choice((1, 2, 3, 8)),
        "active_runs": rng.choice((1, 2, 8)),
        "max_runs": rng.choice((2, 3)) if taste == "crowd" else rng.choice((4, 8, 100)),
        "run_timeout_s": rng.choice((20.0, 90.0, 600.0)),
        "stop_grace_s": 0.5,
    }
    if rng.random() < 0.3:
        found["per_agent"] = {"pure": 1, "effect": 1}
    return found


def _death(rng: random.Random) -> Death:
    kind: DeathKind = rng.choice(("power", "power", "power", "kill", "kill", "drain", "frozen"))
    after_s = rng.choice((0.02, 0.1, 0.5, 2.0, 8.0)) * rng.uniform(0.1, 1.5)
    calls = rng.randint(1, 8) if rng.random() < 0.6 else 0
    if calls:
        after_s += 12.0
    if kind == "frozen":
        return Death(kind, after_s, calls=calls, hangs_s=rng.choice((0.05, 0.5, 2.0)))
    if kind != "power":
        return Death(kind, after_s, calls=calls)
    return Death(kind, after_s, rng.choice(LOSSES), rng.choice((0, 0, 1, 2, 5, 15)), calls)


def _trouble(rng: random.Random) -> Trouble:
    return Trouble(rng.choice(("full", "failing")), rng.uniform(0.0, 4.0), rng.uniform(0.05, 6.0))
