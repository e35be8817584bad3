"""An event loop on which waiting takes no time: when nobody has anything to do, the next timer is due."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from typing_extensions import override

BEGAN: Final = datetime(2026, 3, 4, 16, tzinfo=UTC)
T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Waits for nothing but moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    @override
    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("everybody waits for ever")
        if not found and timeout:
            self.seconds += timeout
        return found


class _LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    @override
    def time(self) -> float:
        return self._leaping.seconds


class LoopClock:
    """The clock of the loop it is asked in."""

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return what comes of it, however long it waits."""
    with asyncio.Runner(loop_factory=_LeapingLoop) as runner:
        return runner.run(main)
