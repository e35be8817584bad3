"""One engine for each profile, for the whole process, with as many slots as this machine can map.

A kernel keeps a bounded list of a process's mappings, and a process that
reaches the bound cannot allocate anything any more. So instances are let in by
what they add to that list, and one too many is refused instead.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from pathlib import Path
from typing import Final

from contracts.errors import Unavailable
from wasm_agents.capi import library as c
from wasm_agents.capi.config import FIBER_BYTES, MAX_TABLE_ELEMENTS, Profile, new_config
from wasm_agents.watch import ticker

SLOTS: Final[dict[Profile, int]] = {"core": 10_000, "component": 0}
"""Instances alive at once; a component has several parts, and gains nothing from slots."""
SLOT_BYTES: Final = 5 * 1024**3
"""Address space, not memory: what a slot reserves so that no load or store needs a check of its own."""
WRITABLE_BYTES: Final = 8 * MAX_TABLE_ELEMENTS + FIBER_BYTES + 128 * 1024
"""Of these, what is mapped for writing with the engine, for tables and a stack: a limit on data counts it."""
MIN_SLOTS: Final = 16
STACK_MAPS: Final = 2
"""Of each slot's stack and its guard, mapped with the engine."""
MEMORY_MAPS: Final = 2
TABLE_MAPS: Final = 2
COMPONENT_MAPS: Final = 24
"""Of one component, its memories, tables and stack together; a Python agent has some 15."""
SHARE: Final = 0.85
"""Of the kernel's bound, for guests; the rest is the process's own."""
_BOUND: Final = Path("/proc/sys/vm/max_map_count")
_USUAL_BOUND: Final = 65_530
_FLAGS: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_NO_RESERVE: Final = 0x4000 if sys.platform == "linux" else 0  # MAP_NORESERVE, as wasmtime maps them

_lock = threading.Lock()  # guards _engines
_engines: dict[Profile, Engine] = {}


class Engine:
    """What guests of a profile run in, for as long as the process lives.

    Attributes:
        handle: wasmtime's engine.
    """

    __slots__ = ("handle", "profile")

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        slots = _fitting(SLOTS[profile])
        self.handle: int = c.engine_new(new_config(ctypes.CDLL(c.PATH), profile, slots=slots))
        room.take(slots * STACK_MAPS)
        ticker.add(self.handle)


class Room:
    """What is left of the kernel's bound on this process's mappings, for guests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _left
        self._left = int(_most_maps() * SHARE)

    def enter(self, maps: int) -> None:
        """Let one more instance in.

        Args:
            maps: How many mappings it adds.

        Raises:
            Unavailable: `host.busy`.
        """
        with self._lock:
            if self._left < maps:
                raise Unavailable(
                    "host.busy", "there is no room for one more guest at once", hint="Run fewer at once."
                )
            self._left -= maps

    def leave(self, maps: int) -> None:
        """Say that it is gone."""
        with self._lock:
            self._left += maps

    def take(self, maps: int) -> None:
        """Say that the engine itself took as many."""
        self.leave(-maps)


def engine_of(profile: Profile) -> Engine:
    """Return the profile's engine, made at its first use."""
    engine = _engines.get(profile)
    if engine is None:
        with _lock:
            engine = _engines.get(profile)
            if engine is None:
                engine = _engines[profile] = Engine(profile)
    return engine


def _most_maps() -> int:
    try:
        return int(_BOUND.read_text())
    except (OSError, ValueError):
        return _USUAL_BOUND


def _fitting(slots: int) -> int:
    """Return how many of these slots can be reserved here; 0 when too few to be worth it.

    wasmtime aborts the process when it cannot reserve them, as under `ulimit -v` or `-d`: try it first.
    """
    while slots >= MIN_SLOTS:
        try:
            mmap.mmap(-1, slots * SLOT_BYTES, flags=_FLAGS, prot=0).close()
            mmap.mmap(-1, slots * WRITABLE_BYTES, flags=_FLAGS | _NO_RESERVE).close()
        except (OSError, OverflowError, ValueError):
            slots //= 4
        else:
            return slots
    return 0


room: Final = Room()
"""The one of this process."""
