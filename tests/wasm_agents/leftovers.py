"""What calls must not leave behind: instances, watches, running guests, and room that is not given back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from wasm_agents import watch
from wasm_agents.engines import engine_of, room
from wasm_agents.instance import live


@contextmanager
def nothing_left() -> Iterator[None]:
    """Hold what is there at the end against what was there at first."""
    engine_of("core")  # takes its own room once
    gc.collect()  # what an earlier test let go of goes before this one
    before, had, room_before = set(live), set(watch._watches), room._left
    yield
    gc.collect()
    left = {
        "instances": len(set(live) - before),
        "watches": len(set(watch._watches) - had),
        "running": len(watch._running),
        "room": room_before - room._left,
    }
    assert left == {"instances": 0, "watches": 0, "running": 0, "room": 0}
