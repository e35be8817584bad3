"""One seed, from its first callback to the verdict."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

import apsw
import structlog

from simulation.faults.catalogue import FAULTS
from simulation.faults.plant import swapped
from simulation.laws.book import judge
from simulation.world import World
from storage import blobs

BLOB_CHARS: Final = 1_000


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
    quieten()
    world = World(seed)
    history = world.history
    with unheard(), blobs_from(BLOB_CHARS), FAULTS[bug].planted() if bug is not None else nullcontext():
        try:
            world.run()
        except Exception as exc:  # noqa: BLE001  # a world's border: whatever is raised past every door is a finding
            history.violate("a process starts and ends", f"{type(exc).__name__}: {str(exc)[:300]}")
    judge(world.proof)
    return Outcome(
        seed, history.digest(), tuple(history.violations), tuple(history.lines), len(history.calls),
        sum(not life.is_orderly for life in world.proof.lives),
    )  # fmt: skip


def quieten() -> None:
    """Let nobody log: what happens is in the history."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


@contextmanager
def quiet() -> Iterator[None]:
    """Let nobody log meanwhile, and the collector be called by hand; then all is as it was."""
    heard, kept, collects = logging.root.manager.disable, structlog.get_config(), gc.isenabled()
    quieten()
    try:
        yield
    finally:
        logging.disable(heard)
        structlog.configure(**kept)
        if collects:
            gc.unfreeze()
            gc.enable()


def blobs_from(chars: int) -> AbstractContextManager[None]:
    """Keep texts as blobs that are longer than so many characters: what is seen of them needs no long ones."""
    return swapped((blobs, "BLOB_CHARS", lambda _: chars))


@contextmanager
def unheard() -> Iterator[None]:
    """Say nothing of a disk's second failure in one statement, which apsw has nobody left to tell."""
    before = sys.unraisablehook

    def hook(trouble: sys.UnraisableHookArgs) -> None:
        if not isinstance(trouble.exc_value, apsw.Error):
            before(trouble)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def collect_by_hand() -> None:
    """Collect garbage after each seed and not in between: sooner, and always at the same place."""
    gc.collect()
    gc.freeze()
    gc.disable()
