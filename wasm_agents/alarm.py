"""Stop a guest that will not stop: at its deadline, or when its caller gave up.

Each call has an engine to itself while it runs, so advancing that engine's
epoch once stops that call and no other. One thread waits for the nearest
deadline; a caller that gives up advances the epoch itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, Protocol

LINGER_S: Final = 5.0
"""How long the thread outlives the last call."""

StopReason = Literal["", "deadline", "interrupt"]


class Stoppable(Protocol):
    """What has an epoch: a wasmtime engine."""

    def increment_epoch(self) -> None:
        """Trap the guest whose deadline is the next epoch."""
        ...


class Watch:
    """One call under way; stopped at most once, and never after its end."""

    def __init__(self, engine: Stoppable) -> None:
        self._lock = threading.Lock()  # guards _engine and reason; held across increment_epoch, a store
        self._engine: Stoppable | None = engine
        self.reason: StopReason = ""

    def stop(self, reason: StopReason) -> None:
        """Trap the guest at its next loop or call; nothing happens once the call has ended."""
        with self._lock:
            if self._engine is not None and not self.reason:
                self.reason = reason
                self._engine.increment_epoch()

    def end(self) -> None:
        """Say that the call is over: its engine may serve another from here on."""
        with self._lock:
            self._engine = None


class Interrupt:
    """Lets a caller on another thread stop its call, begun or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _is_set and _watch; taken before a Watch's own
        self._is_set = False
        self._watch: Watch | None = None

    @property
    def is_set(self) -> bool:
        """Whether the caller gave up."""
        return self._is_set

    def set(self) -> None:
        """Stop the call now, or as soon as it begins."""
        with self._lock:
            self._is_set = True
            if self._watch is not None:
                self._watch.stop("interrupt")

    def attach(self, watch: Watch) -> None:
        """Name the call to be stopped."""
        with self._lock:
            self._watch = watch
            if self._is_set:
                watch.stop("interrupt")


class Alarm:
    """Stops every watched call at its deadline, from one thread that starts when needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards all below; never held while stopping a call
        self._due: dict[Watch, float] = {}
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @contextmanager
    def watching(self, watch: Watch, deadline_s: float) -> Iterator[None]:
        """Stop the call `deadline_s` seconds from now, unless it has ended by then."""
        self._add(watch, time.monotonic() + deadline_s)
        try:
            yield
        finally:
            watch.end()
            with self._changed:
                self._due.pop(watch, None)

    @property
    def running(self) -> int:
        """Calls under way that have not been stopped."""
        with self._changed:
            return len(self._due)

    def close(self) -> None:
        """End the thread; calls still under way are stopped as at their deadline."""
        with self._changed:
            self._is_closed = True
            thread, left = self._thread, list(self._due)
            self._changed.notify()
        for watch in left:
            watch.stop("deadline")
        if thread is not None:
            thread.join()

    def _add(self, watch: Watch, at: float) -> None:
        with self._changed:
            self._due[watch] = at
            if self._is_closed:
                watch.stop("deadline")
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wasm-alarm", daemon=True)
                self._thread.start()
            elif at < self._wakes_at:
                self._changed.notify()

    def _run(self) -> None:
        while self._wait():
            for watch in self._take_late():
                watch.stop("deadline")

    def _take_late(self) -> list[Watch]:
        now = time.monotonic()
        with self._changed:
            late = [watch for watch, at in self._due.items() if at <= now]
            for watch in late:
                del self._due[watch]
        return late

    def _wait(self) -> bool:
        """Return once a deadline may have passed; False when there is nothing left to wait for."""
        with self._changed:
            nearest = min(self._due.values(), default=None)
            now = time.monotonic()
            self._wakes_at = now + LINGER_S if nearest is None else nearest
            if not self._is_closed:
                self._changed.wait(max(0.0, self._wakes_at - now))
            idle = nearest is None and not self._due and time.monotonic() >= self._wakes_at
            if self._is_closed or idle:
                self._thread = None
                return False
            return True
