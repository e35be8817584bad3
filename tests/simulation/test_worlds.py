"""Worlds without a fault: whatever crashes in them, no promise is broken, and nothing of them is left."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from simulation.searching import Spinning, bounded, clean, digests_elsewhere, hunt
from simulation.seed import quiet, run_seed
from simulation.small import SIZES, small


@pytest.mark.parametrize("start", [100, 120, 140])
def test_no_promise_is_broken_in_twenty_worlds(start: int) -> None:
    broken = {seed: run_seed(seed).violations for seed in range(start, start + 20)}
    assert {seed: found for seed, found in broken.items() if found} == {}


def test_worlds_crash_call_agents_and_end() -> None:
    found = clean(range(160, 175))
    assert found.violations == ()
    assert found.crashes >= 8
    assert found.calls >= 80


def test_what_lies_about_in_memory_changes_no_world() -> None:
    before = run_seed(7).digest
    kept = [run_seed(seed) for seed in (1, 2)]
    gc.collect()
    assert run_seed(7).digest == before
    assert kept


@pytest.fixture
def thawed() -> Iterator[None]:
    """Have nothing frozen, so that whatever a world freezes is counted."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


def surroundings() -> dict[str, Any]:
    return {
        "log": (logging.root.manager.disable, structlog.get_config()),
        "collector": (gc.isenabled(), gc.get_freeze_count()),
        "hook": sys.unraisablehook,
        "sizes": [vars(owner)[name] for owner, name, _ in SIZES],
    }


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize("run", [lambda: run_seed(3), lambda: run_seed(4, bug="cancel_lost"), lambda: hunt("cancel_lost"), lambda: clean(range(2))])  # fmt: skip
def test_a_world_leaves_everything_around_it_as_it_was(run: Any) -> None:
    before = surroundings()
    run()
    assert surroundings() == before


@pytest.mark.usefixtures("thawed")
def test_also_a_world_that_breaks_off_leaves_all_as_it_was() -> None:
    before = surroundings()
    with pytest.raises(KeyError), quiet(), small(1):
        raise KeyError
    assert surroundings() == before


def test_a_world_that_spins_is_stopped() -> None:
    with pytest.raises(Spinning), bounded(0.01):
        signal.pause()


def test_another_process_sees_the_same_worlds() -> None:
    assert digests_elsewhere([3, 8]) == {3: run_seed(3).digest, 8: run_seed(8).digest}


def test_in_every_second_world_pages_and_memories_are_small() -> None:
    with small(1):
        assert [vars(owner)[name] for owner, name, _ in SIZES] == [size for _, _, size in SIZES]
    with small(2):
        differing = [name for owner, name, size in SIZES if vars(owner)[name] != size]
    assert "BLOB_CHARS" not in differing
    assert len(differing) == len(SIZES) - 1
