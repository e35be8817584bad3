"""One timer for the time limits of all attempts under way: they are few, and most end long before."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Timed(Protocol):
    """What has a time limit."""

    @property
    def due(self) -> float:
        """When its time is over, in the loop's seconds."""
        ...

    def time_out(self) -> None:
        """Hear that it is over."""
        ...


class Timeouts:
    """The limits of what runs now."""

    def __init__(self) -> None:
        self._timed: dict[Timed, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, timed: Timed) -> None:
        """Tell it when its time is over."""
        self._timed[timed] = None
        if self._timer is None or timed.due < self._timer.when():
            self._set(timed.due)

    def forget(self, timed: Timed) -> None:
        """Tell it nothing more; the timer stays, and finds nothing."""
        self._timed.pop(timed, None)

    def _set(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for timed in [t for t in self._timed if t.due <= now]:
            self.forget(timed)
            timed.time_out()
        if self._timed:
            self._set(min(t.due for t in self._timed))
