"""`time.now` and `random.bytes`: the same clock and the same chance that the guest sees through WASI."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from wasm_agents.doors.asked import Asked
from wasm_agents.surroundings import Surroundings

MAX_RANDOM: Final = 1024

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class WorldDoor:
    """The clock and chance of one call."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world

    async def now(self, raw: bytes) -> JsonValue:
        """Return the time as `unix_ms` and as `iso`, UTC; by a virtual clock each look is a little later.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        Asked("time.now", raw, known=())
        # A guest that sleeps for ages comes to the calendar's end, and stays there.
        now_us = min(self._world.look() // 1000, _LAST_US)
        moment = _EPOCH + timedelta(microseconds=now_us)
        return {
            "unix_ms": now_us // 1000,
            "iso": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }

    async def random(self, raw: bytes) -> JsonValue:
        """Return `n` bytes as `base64`.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        asked = Asked("random.bytes", raw, known=("n",))
        found = self._world.random(asked.whole("n", least=1, most=MAX_RANDOM))
        return {"base64": base64.b64encode(found).decode()}
