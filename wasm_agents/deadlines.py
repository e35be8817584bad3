"""End waits at their deadlines, thousands of them for one timer.

A timer for each of ten thousand waiting guests costs more than the guests do.
Deadlines are gathered in steps of `STEP_S`, each with what waits for it.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, TypeVar

STEP_S: Final = 0.005

T = TypeVar("T")


class DeadlinePassed(TimeoutError):
    """A wait was ended by its own deadline."""


class Deadlines:
    """Waits under deadlines, on whatever event loop they are asked for."""

    def __init__(self) -> None:
        self._wheels: dict[asyncio.AbstractEventLoop, _Wheel] = {}

    async def wait(self, work: Awaitable[T], deadline: float) -> T:
        """Return what `work` gives.

        Args:
            work: Cancelled at its deadline.
            deadline: Monotonic seconds; it may be passed by `STEP_S`.

        Raises:
            DeadlinePassed: The deadline came first.
        """
        loop = asyncio.get_running_loop()
        wheel = self._wheels.get(loop) or self._new_wheel(loop)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait needs a task")
        asked_before = task.cancelling()
        me = object()  # not the task: what it waits for may wait under a deadline too
        step = wheel.add(me, task, deadline)
        try:
            return await work
        except asyncio.CancelledError:
            # As `asyncio.timeout` tells its own cancelling from anybody else's.
            if me not in step and task.cancelling() - 1 <= asked_before:
                raise DeadlinePassed from None
            raise
        finally:
            if step.pop(me, None) is None:
                task.uncancel()  # taken back whatever `work` made of it

    def end_all(self) -> None:
        """Let every deadline pass, on any thread."""
        for loop, wheel in list(self._wheels.items()):
            with suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(wheel.end_all)

    def _new_wheel(self, loop: asyncio.AbstractEventLoop) -> _Wheel:
        for other in list(self._wheels):
            if other.is_closed():
                self._wheels.pop(other, None)
        wheel = self._wheels[loop] = _Wheel(loop)
        return wheel


class _Wheel:
    """One loop's steps; used on that loop's thread alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._steps: dict[int, dict[object, asyncio.Task[object]]] = {}
        self._next: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self, wait: object, task: asyncio.Task[object], deadline: float
    ) -> dict[object, asyncio.Task[object]]:
        """Cancel `task` at its deadline, unless `wait` is taken out of the returned mapping before."""
        number = int(deadline / STEP_S) + 1
        step = self._steps.get(number)
        if step is None:
            step = self._steps[number] = {}
            heapq.heappush(self._next, number)
            if self._next[0] == number:
                self._set_timer()
        step[wait] = task
        return step

    def end_all(self) -> None:
        """Cancel every task now."""
        self._end_until(float("inf"))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._next:
            left = self._next[0] * STEP_S - time.monotonic()
            self._timer = self._loop.call_later(max(0.0, left), self._turn)

    def _turn(self) -> None:
        self._timer = None
        self._end_until(time.monotonic())

    def _end_until(self, moment: float) -> None:
        while self._next and self._next[0] * STEP_S <= moment:
            step = self._steps.pop(heapq.heappop(self._next))
            late = list(step.values())
            step.clear()
            for task in late:
                task.cancel()
        self._set_timer()
