"""One seed, from its first callback to the verdict."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import apsw
import structlog

from simulation.alone.world import run_alone
from simulation.faults.catalogue import FAULTS
from simulation.laws.book import judge
from simulation.small import small
from simulation.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a seed."""

    seed: int
    digest: str
    """Of everything that happened."""
    violations: tuple[str, ...]
    lines: tuple[str, ...]
    """Everything that happened."""
    calls: int
    """Of agents."""
    crashes: int


def run_seed(seed: int, *, bug: str | None = None) -> Outcome:
    """Simulate one world, with a fault planted or without.

    Args:
        seed: Names the world.
        bug: A name of the catalogue.
    """
    world = World(seed)
    history = world.history
    with quiet(), small(seed), FAULTS[bug].planted() if bug is not None else nullcontext():
        try:
            world.run()
        except Exception as exc:  # noqa: BLE001  # a world's border: whatever is raised past every door is a finding
            history.violate("a process starts and ends", f"{type(exc).__name__}: {str(exc)[:300]}")
        run_alone(seed, history)
    judge(world.proof)
    return Outcome(
        seed, history.digest(), tuple(history.violations), tuple(history.lines), len(history.calls),
        sum(not life.is_orderly for life in world.proof.lives),
    )  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Let nobody log meanwhile, nor the collector come in between; then all is as it was.

    Nobody is told either of a disk's second failure in one statement, which
    apsw has nobody left to tell.
    """
    heard, kept, hook, collects = (
        logging.root.manager.disable,
        structlog.get_config(),
        sys.unraisablehook,
        gc.isenabled(),
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.disable()

    def pass_over(trouble: sys.UnraisableHookArgs) -> None:
        if not isinstance(trouble.exc_value, apsw.Error):
            hook(trouble)

    sys.unraisablehook = pass_over
    try:
        yield
    finally:
        sys.unraisablehook = hook
        logging.disable(heard)
        structlog.configure(**kept)
        if collects:
            gc.enable()
