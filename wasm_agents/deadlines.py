"""End waits at their deadlines, thousands of them for one timer.

A timer for each of ten thousand waiting guests costs more than the guests do.
Deadlines are gathered in steps of `STEP_S`, each with what waits for it.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

STEP_S: Final = 0.005

T = TypeVar("T")


class Deadlines:
    """Waits under deadlines, on whatever event loop they are asked for."""

    def __init__(self) -> None:
        self._wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wheel] = WeakKeyDictionary()

    async def wait(self, work: Awaitable[T], deadline: float) -> T:
        """Return what `work` gives.

        Args:
            work: Cancelled at its deadline.
            deadline: Monotonic seconds; it may be passed by `STEP_S`.

        Raises:
            TimeoutError: The deadline came first.
        """
        loop = asyncio.get_running_loop()
        wheel = self._wheels.get(loop)
        if wheel is None:
            wheel = self._wheels[loop] = _Wheel(loop)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait needs a task")
        asked_before = task.cancelling()
        step = wheel.add(task, deadline)
        try:
            return await work
        except asyncio.CancelledError:
            # As `asyncio.timeout` tells its own cancelling from anybody else's.
            if task not in step and task.uncancel() <= asked_before:
                raise TimeoutError from None
            raise
        finally:
            step.discard(task)


class _Wheel:
    """One loop's steps; used on that loop's thread alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._steps: dict[int, set[asyncio.Task[object]]] = {}
        self._next: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, task: asyncio.Task[object], deadline: float) -> set[asyncio.Task[object]]:
        """Cancel `task` at its deadline, unless it is taken out of the returned set before."""
        number = int(deadline / STEP_S) + 1
        step = self._steps.get(number)
        if step is None:
            step = self._steps[number] = set()
            heapq.heappush(self._next, number)
            if self._next[0] == number:
                self._set_timer()
        step.add(task)
        return step

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._next:
            left = self._next[0] * STEP_S - time.monotonic()
            self._timer = self._loop.call_later(max(0.0, left), self._turn)

    def _turn(self) -> None:
        self._timer = None
        now = time.monotonic()
        while self._next and self._next[0] * STEP_S <= now:
            step = self._steps.pop(heapq.heappop(self._next))
            late = list(step)
            step.clear()
            for task in late:
                task.cancel()
        self._set_timer()
