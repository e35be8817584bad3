"""An event loop in virtual time: nothing waits, nothing is real, a seed decides what asyncio leaves open.

Callbacks run in the order asyncio promises. Open, and so drawn: which of two
timers due at the same moment runs first, how late a timer is, and between
which two callbacks something from another thread arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVarTuple

from typing_extensions import override

Ts = TypeVarTuple("Ts")

STALL_CHANCE: Final = 0.03
STALL_S: Final = 0.2
"""A pause of the whole process: timers that come due in it run together, late."""
MAX_TURNS: Final = 6_000
"""Callbacks in one life; past it something spins."""


class Turn(asyncio.TimerHandle):
    """One callback to come."""

    def take(self) -> None:
        """Run it; what it raises goes to the loop's exception handler."""
        self._run()


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs until nothing is left to do, or until it is halted.

    Args:
        rng: Draws what is left open.
        start_s: What `time` says first.
    """

    def __init__(self, rng: random.Random, start_s: float = 0.0) -> None:
        super().__init__()
        self._rng = rng
        self._now_s = start_s
        self._turns: deque[Turn] = deque()
        self._timers: list[tuple[float, float, int, Turn]] = []
        self._count = 0
        self._mail: deque[Turn] = deque()
        self._mail_s = rng.choice((0.0, 0.001, 0.01))
        self.turns_taken = 0
        self.is_halted = False
        """Nothing runs any more: the process is dead."""
        self.is_idle = False
        """Nothing is left to run."""
        self.complaints: list[str] = []
        """What went wrong in callbacks and tasks that nobody looked after."""

    @override
    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self._now_s

    def halt(self) -> None:
        """Run nothing after the callback under way."""
        self.is_halted = True

    @override
    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback after those that wait."""
        turn = Turn(self._now_s, callback, args, self, context)
        self._turns.append(turn)
        return turn

    @override
    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Run a callback soon, after those posted before it: between any two that wait, or a little later."""
        turn = Turn(self._now_s, callback, args, self, context)
        self._mail.append(turn)
        if self._rng.random() < 0.5:
            self.call_anywhere(self._deliver)
        else:
            self.call_later(self._rng.expovariate(1.0) * self._mail_s, self._deliver)
        return turn

    def call_anywhere(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run a callback between any two that wait, as another thread's work would fall."""
        self._turns.insert(
            self._rng.randint(0, len(self._turns)), Turn(self._now_s, callback, args, self, None)
        )

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback at a time."""
        turn = Turn(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._rng.random(), self._count, turn))
        return turn

    @override
    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback after a while."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    @override
    def run_in_executor(  # type: ignore[override]  # the declared form is a coroutine's; every caller awaits a future
        self,
        executor: Any,
        func: Callable[..., Any],
        *args: Any,  # there is no other
    ) -> asyncio.Future[Any]:
        """Run a function as a thread would: at some later moment."""
        found: asyncio.Future[Any] = self.create_future()

        def call() -> None:
            try:
                result = func(*args)
            except Exception as exc:  # noqa: BLE001  # a thread's border: what it raises belongs to who awaits it
                if not found.cancelled():
                    found.set_exception(exc)
            else:
                if not found.cancelled():
                    found.set_result(result)

        self.call_later(self._rng.uniform(0.0, 0.002), call)
        return found

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what nobody looked after."""
        if not self.is_halted:
            self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    @override
    def close(self) -> None:
        """End what is left of the tasks, which the process took with it."""
        self.is_halted = True
        for task in asyncio.all_tasks(self):
            coro = task.get_coro()
            with contextlib.suppress(
                RuntimeError, ValueError
            ):  # a process that is gone runs nothing to its end
                if coro is not None:
                    coro.close()
        self._turns.clear()
        self._timers.clear()
        super().close()

    def _run_once(self) -> None:
        if not self._turns:
            self._advance()
        self._collect()
        for _ in range(len(self._turns)):
            if self.is_halted or self.turns_taken > MAX_TURNS:
                break
            turn = self._turns.popleft()
            if not turn.cancelled():
                self.turns_taken += 1
                turn.take()
        if self.turns_taken > MAX_TURNS:
            self.complaints.append(f"more than {MAX_TURNS} callbacks in one life")
            self.halt()
        if self.is_halted or self.is_idle:
            self.stop()

    def _deliver(self) -> None:
        turn = self._mail.popleft()
        if not turn.cancelled():
            turn.take()

    def _advance(self) -> None:
        while self._timers and self._timers[0][3].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            self.is_idle = True
            return
        self._now_s = max(self._now_s, self._timers[0][0])
        if self._rng.random() < STALL_CHANCE:
            self._now_s += self._rng.uniform(0.0, STALL_S)

    def _collect(self) -> None:
        while self._timers and self._timers[0][0] <= self._now_s:
            turn = heapq.heappop(self._timers)[3]
            if not turn.cancelled():
                self._turns.append(turn)
