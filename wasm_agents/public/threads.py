"""Run guests on threads for an event loop: without fibers, one that waits for a host call holds its thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Final, TypeVar

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.fibers import Serve
from wasm_agents.host_rules import DENIED
from wasm_agents.watch import StopReason, Watch

MAX_THREADS: Final = 32
"""Calls under way at once; more wait for their turn, and their deadlines go on."""

T = TypeVar("T")
Ask = Callable[[str, bytes], bytes]


class Bridge:
    """Carries what a guest asks from its thread to the event loop, and the answer back.

    Args:
        serve: Answers on the loop; None denies everything.
        watch: Of the call.
    """

    def __init__(self, serve: Serve | None, watch: Watch) -> None:
        self._serve = serve
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()  # guards _asked, and that nothing is asked once stopped
        self._asked: Future[bytes | Exception] | None = None

    def ask(self, op: str, content: bytes) -> bytes:
        """Return the answer, on the guest's thread.

        Raises:
            AttemptFailed: `limit.time`, `guest.interrupted`.
            Exception: What `serve` raised; it fails this call alone.
        """
        watch = self._watch
        if self._serve is None:
            return DENIED
        with self._lock:
            if watch.stop:
                raise failures.stopped(watch.stop)
            asked = self._asked = asyncio.run_coroutine_threadsafe(
                self._answer(self._serve, op, content), self._loop
            )
        try:
            answer = asked.result(max(0.0, watch.deadline - time.monotonic()))
        except TimeoutError:
            asked.cancel()
            raise _stopped(watch, "deadline") from None
        except CancelledError:
            raise _stopped(watch, "interrupt") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        """End the call: at its next tick, or at once when it waits for an answer."""
        with self._lock:
            _stopped(self._watch, "interrupt")
            if self._asked is not None:
                self._asked.cancel()

    async def _answer(self, serve: Serve, op: str, content: bytes) -> bytes | Exception:
        try:
            return await serve(op, content)
        except Exception as exc:  # noqa: BLE001  # the border of a host call: it fails this call alone
            return exc


class Threads:
    """The threads that calls from event loops run on, started as they are needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="wasm-public")
        self._going: dict[int, Bridge] = {}

    async def run(self, work: Callable[[Ask], T], watch: Watch, *, serve: Serve | None) -> T:
        """Return what `work` gives on a thread; being cancelled stops the guest first.

        Args:
            work: Calls the guest, whose host calls go to what it is given.
            watch: Of the call.
            serve: Answers its host calls; None denies them.

        Raises:
            AttemptFailed: The call ended so.
        """
        bridge = Bridge(serve, watch)
        self._going[id(bridge)] = bridge
        try:
            try:
                under_way = self._pool.submit(work, bridge.ask)
            except RuntimeError:  # closed meanwhile
                raise _stopped(watch, "interrupt") from None
            try:
                await _ended(under_way, until=watch.deadline)
                if under_way.cancel():  # it never got a thread in time
                    raise _stopped(watch, "deadline")
                await _ended(under_way)
            except asyncio.CancelledError:
                bridge.stop()
                while not under_way.cancel() and not under_way.done():
                    with suppress(asyncio.CancelledError):  # asked once more: it is being stopped
                        await _ended(under_way)
                raise
            except GeneratorExit:
                # The loop ended before the call did, and nobody comes back here: wait on the spot.
                bridge.stop()
                if not under_way.cancel():
                    wait([under_way])
                raise
            return under_way.result()
        finally:
            del self._going[id(bridge)]

    @property
    def going(self) -> int:
        """Calls that have not ended."""
        return len(self._going)

    def close(self) -> None:
        """Stop every call and end the threads."""
        for bridge in list(self._going.values()):
            bridge.stop()
        self._pool.shutdown()


def _stopped(watch: Watch, why: StopReason) -> AttemptFailed:
    """Stop a call, unless it was stopped before, and return why it ended."""
    watch.stop = watch.stop or why
    return failures.stopped(watch.stop)


async def _ended(work: Future[T], *, until: float | None = None) -> None:
    told = asyncio.wrap_future(work)
    told.add_done_callback(_heard)
    await asyncio.wait({told}, timeout=None if until is None else max(0.0, until - time.monotonic()))


def _heard(told: asyncio.Future[T]) -> None:
    # Whoever was cancelled does not ask what became of it; asyncio would complain.
    if not told.cancelled():
        told.exception()
