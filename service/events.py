"""Who watches which run, and what they read: each page of a run's events read and written out once for all.

The hub hears every event of the engine and wakes the streams of its run; what
they send comes from the database alone, so a stream that is slow, late or new
misses nothing and sees nothing twice. Who watches costs the engine one look
into a dictionary.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from contracts.errors import Unavailable
from contracts.run import RunEvent, RunState
from traces.events import EventLine, EventStore

FINAL: Final = frozenset(state.value for state in RunState if state.is_final)
PAGE: Final = 200
"""Events read at once."""
PING_S: Final = 15.0
"""After which a silent stream says that it lives, and looks whether it missed something."""
KEPT_BYTES: Final = 4 * 1024 * 1024
"""Of pages that another stream may want."""


class Page(NamedTuple):
    """Some of a run's events, written out as they are sent."""

    text: bytes
    last: int
    """The number of the last one; the page before's, where there is none."""
    is_end: bool
    """Whether the last one ends the run."""


class Watch:
    """One stream's place in the hub."""

    def __init__(self) -> None:
        self.is_gone = False
        """Whether nobody reads the stream any more."""
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Have the stream look again."""
        self._wake.set()

    def leave(self) -> None:
        """Say that nobody reads it any more."""
        self.is_gone = True
        self._wake.set()

    def look(self) -> None:
        """Note that it looks now: what happens from here on wakes it."""
        self._wake.clear()

    async def wait(self, seconds: float) -> bool:
        """Return True once it is woken, False after `seconds`."""
        if self._wake.is_set():
            return True
        try:
            async with asyncio.timeout(seconds):
                return await self._wake.wait()
        except TimeoutError:
            return False


class EventHub:
    """Wakes who watches a run; the engine's observer.

    Args:
        events: Where events are read.
        most: Streams at once, over all runs.
    """

    def __init__(self, events: EventStore, *, most: int) -> None:
        self._events = events
        self._most = most
        self._watches: dict[str, set[Watch]] = {}
        self._newest: dict[str, int] = {}  # of watched runs: the last event heard of or looked for
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()
        self._bytes = 0
        self._reading: dict[tuple[str, int], asyncio.Task[Page]] = {}
        self._count = 0
        self.ping_s = PING_S
        # of its own: agents may hold every thread of the loop's pool
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="events")
        self.is_closed = False

    def __call__(self, event: RunEvent) -> None:
        """Hear of an event; one without a number is not kept anywhere and wakes nobody."""
        watches = self._watches.get(event.run_id)
        if watches is None or not event.event_id:
            return
        self._newest[event.run_id] = max(self._newest.get(event.run_id, 0), event.event_id)
        for watch in watches:
            watch.wake()

    @property
    def count(self) -> int:
        """How many watch."""
        return self._count

    def hears(self, run_id: str) -> bool:
        """Say whether anybody watches a run."""
        return run_id in self._watches

    @contextmanager
    def watch(self, run_id: str) -> Iterator[Watch]:
        """Give a place that is woken by every event of a run.

        Raises:
            Unavailable: `server.too_many_streams`, `server.closing`.
        """
        if self.is_closed:
            raise Unavailable(
                "server.closing", "the service is stopping", hint="Connect again when it is back."
            )
        if self._count >= self._most:
            raise Unavailable(
                "server.too_many_streams",
                f"{self._count} streams are open",
                hint="Close some, or raise server.streams.",
            )
        watch = Watch()
        self._count += 1
        self._watches.setdefault(run_id, set()).add(watch)
        try:
            yield watch
        finally:
            self._count -= 1
            self._watches[run_id].discard(watch)
            if not self._watches[run_id]:
                del self._watches[run_id]
                self._newest.pop(run_id, None)
                # from here on nothing of it is heard: who comes next must not share a look that began before
                for name in [n for n in self._reading if n[0] == run_id]:
                    del self._reading[name]

    def close(self) -> None:
        """Have every stream end; no more are opened."""
        self.is_closed = True
        self._threads.shutdown(wait=False)
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

    async def page(self, run_id: str, after: int, *, is_sure: bool = True) -> Page:
        """Return the events behind `after`, at most `PAGE`; each page is read once for all who want it.

        Args:
            run_id: Which run.
            after: The number of the last event that was sent.
            is_sure: Whether to ask the database though nothing new was heard of.

        Raises:
            Damaged: `storage.damaged`.
            Unavailable: `storage.read_failed`.
        """
        name = (run_id, after)
        if name in self._pages:
            self._pages.move_to_end(name)
            return self._pages[name]
        if not is_sure and self._newest.get(run_id, after + 1) <= after:
            return Page(b"", after, is_end=False)
        reading = self._reading.get(name)
        if reading is None:
            reading = self._reading[name] = asyncio.ensure_future(self._read(run_id, after))
            reading.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(reading)

    async def _read(self, run_id: str, after: int) -> Page:
        if self.is_closed:
            return Page(b"", after, is_end=False)
        watches = self._watches.get(run_id)
        lines = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._events.of_run(run_id, after=after, limit=PAGE)
        )
        if not lines:
            if watches is not None and self._watches.get(run_id) is watches:
                self._newest[run_id] = max(self._newest.get(run_id, 0), after)
            return Page(b"", after, is_end=False)
        page = Page(b"".join(map(_frame, lines)), lines[-1].event_id, lines[-1].kind in FINAL)
        self._keep((run_id, after), page)
        return page

    def _forget(self, name: tuple[str, int], done: asyncio.Task[Page]) -> None:
        if self._reading.get(name) is done:
            del self._reading[name]
        if not done.cancelled():
            done.exception()  # whoever waited has heard it; where nobody waits any more nobody need

    def _keep(self, name: tuple[str, int], page: Page) -> None:
        self._pages[name] = page
        self._bytes += len(page.text)
        while self._bytes > KEPT_BYTES:
            _, gone = self._pages.popitem(last=False)
            self._bytes -= len(gone.text)


def line_json(line: EventLine) -> dict[str, Any]:
    """Return an event as JSON."""
    return asdict(line)


def _frame(line: EventLine) -> bytes:
    text = json.dumps(line_json(line), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"id: {line.event_id}\ndata: {text}\n\n".encode("utf-8", "replace")
