"""Stop a guest that will not stop: at its deadline, or when its caller gave up.

Every engine's epoch goes on every `TICK_S` while guests run. A store asks its
watch at each tick whether to go on, to let others run, or to end; so one
engine serves thousands of calls and each ends at its own time.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import Any, Final, Literal

from wasm_agents.capi import library as c

TICK_S: Final = 0.002
IDLE_TICKS: Final = 100
"""How many ticks nobody ran before the thread goes to sleep."""

StopReason = Literal["", "deadline", "interrupt", "exit", "host"]

_numbers = itertools.count(1)
_watches: dict[int, Watch] = {}
_running: dict[int, None] = {}


class Watch:
    """One call under way, as its store's epoch callback sees it.

    `slice_end` is when a fiber should let others run (monotonic seconds; 0: never).
    """

    __slots__ = ("breath", "caught", "deadline", "number", "slice_end", "stop")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.stop: StopReason = ""
        self.caught: KeyboardInterrupt | None = None
        self.breath = 0.0
        self.slice_end = 0.0
        self.number = next(_numbers)
        _watches[self.number] = self

    def enter(self) -> None:
        """Say that its guest is about to run, on whatever thread."""
        _running[self.number] = None
        if ticker.is_asleep:
            ticker.rouse()

    def leave(self) -> None:
        """Say that its guest does not run now; raises a Ctrl-C that came while it did."""
        _running.pop(self.number, None)
        if self.caught is not None:
            caught, self.caught = self.caught, None
            raise caught

    def end(self) -> None:
        """Say that nothing will run under it any more."""
        _watches.pop(self.number, None)
        _running.pop(self.number, None)


class Interrupt:
    """Lets a caller on another thread stop its call, begun or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards both
        self._is_set = False
        self._watch: Watch | None = None

    @property
    def is_set(self) -> bool:
        """Whether the caller gave up."""
        return self._is_set

    def set(self) -> None:
        """Stop the call at its next tick, or as soon as it begins."""
        with self._lock:
            self._is_set = True
            if self._watch is not None and not self._watch.stop:
                self._watch.stop = "interrupt"

    def attach(self, watch: Watch) -> None:
        """Name the call to be stopped."""
        with self._lock:
            self._watch = watch
            if self._is_set:
                watch.stop = "interrupt"


def _on_epoch(_context: int, number: int, on: Any, then: Any) -> int | None:
    """Decide at a tick: on, aside for others, or out. Never raises."""
    watch = _watches.get(number)
    if watch is None:
        return _stopped()
    try:
        return _decide(watch, on, then)
    except KeyboardInterrupt as caught:  # a signal came just now; whoever called hears of it in `leave`
        watch.stop, watch.caught = watch.stop or "interrupt", caught
        return _stopped()


def _decide(watch: Watch, on: Any, then: Any) -> int | None:
    if not watch.stop:
        now = time.monotonic()
        if now < watch.deadline:
            on[0] = 1
            then[0] = c.EPOCH_YIELD if 0.0 < watch.slice_end <= now else c.EPOCH_CONTINUE
            return None
        watch.stop = "deadline"
    return _stopped()


on_epoch: Final = c.EpochCallback(_on_epoch)
"""What every store asks at a tick."""


def _stopped() -> int:
    error: int = c.error_new(b"stopped")
    return error


class Ticker:
    """One thread that moves every engine's epoch on while guests run, and sleeps while none does."""

    def __init__(self) -> None:
        self._engines: tuple[int, ...] = ()
        self.begin_again()

    def begin_again(self) -> None:
        """Forget the thread, in a child that was forked: it has none of its parent's, nor its calls."""
        self._wake = threading.Event()
        self._lock = threading.Lock()  # guards _thread and _engines
        self._thread: threading.Thread | None = None
        self.is_asleep = True
        _running.clear()

    def add(self, engine: int) -> None:
        """Move this engine's epoch too, from here on."""
        with self._lock:
            self._engines = (*self._engines, engine)

    def rouse(self) -> None:
        """Wake the thread; it is started when it is not there."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wasm-ticker", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self.is_asleep = True
            # Whoever saw it awake a moment ago did not rouse it: look before sleeping.
            if not _running:
                self._wake.wait()
            self._wake.clear()
            self.is_asleep = False
            self._tick()

    def _tick(self) -> None:
        quiet = 0
        while quiet < IDLE_TICKS:
            quiet = 0 if _running else quiet + 1
            time.sleep(TICK_S)
            for engine in self._engines:
                c.engine_increment_epoch(engine)


ticker: Final = Ticker()
"""The one of this process."""
os.register_at_fork(after_in_child=ticker.begin_again)
