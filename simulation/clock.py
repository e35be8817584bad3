"""The world's time, which goes on while no process lives and never goes back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from simulation.loop import VirtualLoop

BEGAN: Final = datetime(2031, 3, 1, 12, 0, tzinfo=UTC)


class LoopClock:
    """A process's clock.

    Args:
        loop: Whose virtual time it tells.
        offset_s: Seconds between the loop's time and the world's, which began at `BEGAN`.
    """

    def __init__(self, loop: VirtualLoop, offset_s: float) -> None:
        self._loop = loop
        self._offset_s = offset_s

    @property
    def world_s(self) -> float:
        """Return the world's seconds."""
        return self._loop.time() + self._offset_s

    def now(self) -> datetime:
        """Return the wall time."""
        return BEGAN + timedelta(seconds=self.world_s)

    def monotonic(self) -> float:
        """Return the loop's seconds."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)
