"""Drive guests on fibers: briefly on the event loop's own thread, on a worker thread once one takes long.

Most calls end within their first millisecond and never leave the loop's
thread. One that goes on is handed to a worker, lets others run every
`SLICE_S`, and may go on on another thread each time. One that waits for the
answer to a host call is on no thread at all.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.deadlines import DeadlinePassed, Deadlines
from wasm_agents.host_rules import DENIED
from wasm_agents.hostcall import HostCall
from wasm_agents.watch import StopReason, Watch

INLINE_S: Final = 0.001
"""How long a guest may hold the event loop's thread at once."""
SLICE_S: Final = 0.01
"""How long it may hold a worker while others wait for one."""
INLINE_MEMORY: Final = 64 * 1024 * 1024
"""Filling more memory at once takes longer than the event loop can wait, and nothing interrupts that."""

Serve = Callable[[str, bytes], Awaitable[bytes]]
"""(op, input) -> answer, both as bytes of JSON; never raises but for being cancelled."""
T = TypeVar("T")


class State(Enum):
    """Where a fiber stands after a step."""

    DONE = "done"
    WAITING = "waiting for the answer to a host call"
    YIELDED = "would go on"


class Runs(Protocol):
    """What a fiber belongs to."""

    watch: Watch
    pending: HostCall | None


class Pace:
    """Whether the calls of one guest are likely to take longer than a moment, as the last ones did.

    Args:
        never_inline: They may hold a thread longer than any tick can tell, as one fill of a large memory does.
    """

    __slots__ = ("is_long", "never_inline")

    def __init__(self, *, never_inline: bool) -> None:
        self.never_inline = self.is_long = never_inline

    def was_quick(self) -> None:
        """Hear that one ended within a moment on a worker."""
        self.is_long = self.never_inline


class Fiber(Generic[T]):
    """One call, in phases; stepped by one thread at a time.

    Args:
        instance: What runs.
        phases: Yields futures of the C API, returns the answer, raises what ended the call.
        pace: Of its kind; one that is likely to take long begins on a worker.
    """

    __slots__ = ("_future", "_phases", "answer", "instance", "pace", "work")

    answer: T
    work: Future[State] | None

    def __init__(self, instance: Runs, phases: Generator[int, None, T], pace: Pace | None = None) -> None:
        self.instance = instance
        self.pace = pace
        self._phases = phases
        self._future = 0
        self.work = None

    def step(self, until: float) -> State:
        """Run the guest until it is done, waits, or `until` has passed (monotonic seconds; 0: however long).

        Raises:
            AttemptFailed: The call ended so.
        """
        watch = self.instance.watch
        if watch.stop and not self._future:  # not begun: nothing of it is to be unwound
            raise failures.stopped(watch.stop)
        watch.slice_end = until
        watch.enter()
        try:
            while True:
                if not self._future:
                    try:
                        self._future = next(self._phases)
                    except StopIteration as end:
                        self.answer = end.value
                        return State.DONE
                if not c.call_future_poll(self._future):
                    pending = self.instance.pending
                    return State.WAITING if pending is not None and pending.reply is None else State.YIELDED
                c.call_future_delete(self._future)
                self._future = 0
        finally:
            watch.leave()

    def to_the_end(self) -> T:
        """Run the guest on this thread until it is done; its host calls are answered in place.

        Raises:
            AttemptFailed: The call ended so.
        """
        while self.step(0.0) is not State.DONE:
            pending = self.instance.pending
            if pending is not None and pending.reply is None:
                pending.reply = DENIED
        return self.answer


class Fibers:
    """Where fibers run: the loop's thread, and as many workers as there are cores."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="wasm-worker")
        self._deadlines = Deadlines()
        self._going: dict[int, Watch] = {}
        self._queued: dict[int, None] = {}  # fibers that no worker has taken up yet

    async def run(self, fiber: Fiber[T], serve: Serve | None) -> T:
        """Return the fiber's answer; being cancelled stops the guest first.

        Args:
            fiber: Not begun yet.
            serve: Answers its host calls; None denies them.

        Raises:
            AttemptFailed: The call ended so.
        """
        pace = fiber.pace
        if pace is not None and pace.is_long:
            state = State.YIELDED
        elif (state := fiber.step(time.monotonic() + INLINE_S)) is State.YIELDED and pace is not None:
            pace.is_long = True
        if state is State.DONE:
            return fiber.answer
        self._going[id(fiber)] = fiber.instance.watch
        since = time.monotonic()
        try:
            while (state := await self._go_on(fiber, state, serve)) is not State.DONE:
                # Answers may come without anybody waiting for them, one after another: let others have a turn.
                if time.monotonic() - since > INLINE_S:
                    await asyncio.sleep(0)
                    since = time.monotonic()
        except GeneratorExit:
            # The loop ended before the call did, and nobody comes back here: wait on the spot.
            self._unwind_here(fiber)
            raise
        except BaseException:
            # Cancelled, or what serves raised: the guest is still inside its host call, and its stack in use.
            await self._unwind(fiber)
            raise
        finally:
            del self._going[id(fiber)]
        return fiber.answer

    @property
    def going(self) -> int:
        """Calls that took longer than a moment and have not ended."""
        return len(self._going)

    def close(self) -> None:
        """Stop every call and end the workers."""
        for watch in list(self._going.values()):
            _stop(watch, "interrupt")
        self._deadlines.end_all()
        self._workers.shutdown()

    async def _go_on(self, fiber: Fiber[T], state: State, serve: Serve | None) -> State:
        if state is State.YIELDED:
            return await self._on_worker(fiber)
        pending, watch = fiber.instance.pending, fiber.instance.watch
        if pending is not None and serve is None:
            pending.reply = DENIED
        elif pending is not None and serve is not None and not watch.stop:
            try:
                pending.reply = await self._deadlines.wait(serve(pending.op, pending.content), watch.deadline)
            except DeadlinePassed:
                _stop(watch, "deadline")
            except Exception as exc:  # noqa: BLE001  # the border of a host call: it fails this call alone
                pending.raised = exc
        if fiber.pace is not None and fiber.pace.never_inline:
            return State.YIELDED
        return fiber.step(time.monotonic() + INLINE_S)

    async def _on_worker(self, fiber: Fiber[T]) -> State:
        self._queued[id(fiber)] = None
        try:
            work = fiber.work = self._workers.submit(self._slice, fiber)
        except RuntimeError:  # closed meanwhile
            self._queued.pop(id(fiber), None)
            _stop(fiber.instance.watch, "interrupt")
            return fiber.step(0.0)
        told = asyncio.wrap_future(work)
        told.add_done_callback(_heard)
        left = fiber.instance.watch.deadline - time.monotonic()
        done, _ = await asyncio.wait({told}, timeout=max(0.0, left))
        if not done and work.cancel():
            # It never got a worker in time: it ends at its first tick, here.
            self._queued.pop(id(fiber), None)
            _stop(fiber.instance.watch, "deadline")
            return fiber.step(0.0)
        return await told

    def _slice(self, fiber: Fiber[T]) -> State:
        self._queued.pop(id(fiber), None)
        began = time.monotonic()
        while True:
            state = fiber.step(time.monotonic() + SLICE_S)
            if state is not State.YIELDED:
                was_stopped = bool(fiber.instance.watch.stop)  # then it says nothing about those to come
                if fiber.pace is not None and not was_stopped and time.monotonic() - began < INLINE_S:
                    fiber.pace.was_quick()
                return state
            if self._queued:
                return state

    async def _unwind(self, fiber: Fiber[T]) -> None:
        """Stop the guest, wherever it is, and wait until nothing of it runs."""
        work = fiber.work
        _stop(fiber.instance.watch, "interrupt")
        while work is not None and not work.cancel() and not work.done():
            with suppress(asyncio.CancelledError):  # asked once more: it is being stopped
                told = asyncio.wrap_future(work)
                told.add_done_callback(_heard)
                await asyncio.wait({told})
        self._unwind_here(fiber)

    def _unwind_here(self, fiber: Fiber[T]) -> None:
        """Do what `_unwind` does, on this thread and at once."""
        work = fiber.work
        _stop(fiber.instance.watch, "interrupt")
        if work is not None and not work.cancel():
            wait([work])
        self._queued.pop(id(fiber), None)
        with suppress(AttemptFailed):
            if work is not None and not work.cancelled() and work.result() is State.DONE:
                return
            fiber.to_the_end()


def _stop(watch: Watch, why: StopReason) -> None:
    watch.stop = watch.stop or why


def _heard(told: asyncio.Future[State]) -> None:
    # Whoever was cancelled does not ask what became of it; asyncio would complain.
    if not told.cancelled():
        told.exception()
