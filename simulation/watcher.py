"""Somebody who follows every run's events, lets go now and then, and comes back with the last number it saw."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Final

from contracts.errors import CallsheetError
from simulation.history import Seen
from traces.events import EventLine, EventStore

if TYPE_CHECKING:
    from simulation.life import Life

AT_ONCE: Final = 4
"""Few, so that pages end in odd places."""


class Watcher:
    """Reads events page by page.

    Args:
        life: Of the process it asks.
        rng: Draws when.
    """

    def __init__(self, life: Life, *, rng: random.Random) -> None:
        self._life = life
        self._rng = rng
        self._events = EventStore(life.reader)
        self._last: dict[str, int] = {}

    async def watch(self) -> None:
        """Look now and then, for ever."""
        while True:
            await asyncio.sleep(self._rng.choice((0.02, 0.3, 2.0, 10.0)) * max(1.0, self._life.age_s / 20))
            for wish in self._life.world.client.wishes:
                if wish.run_id is not None and self._rng.random() < 0.6:
                    if self._rng.random() < 0.1:
                        self._last[wish.run_id] = self._rng.randint(0, self._last.get(wish.run_id, 0))
                    self._page(wish.run_id, AT_ONCE)

    async def finish(self) -> None:
        """Read everything once more, from the first event on."""
        for wish in self._life.world.client.wishes:
            if wish.run_id is not None:
                self._last[wish.run_id] = 0
                while self._page(wish.run_id, 100):
                    pass

    def _page(self, run_id: str, limit: int) -> int:
        after = self._last.get(run_id, 0)
        history = self._life.world.history
        try:
            lines = self._events.of_run(run_id, after=after, limit=limit)
        except CallsheetError as exc:
            history.violate(
                "what is kept can be read", f"events of {run_id} after {after}: {exc.code} {exc.message}"
            )
            return 0
        for line in lines:
            if line.event_id != after + 1:
                history.violate("events have no gap", f"{run_id}: event {line.event_id} follows {after}")
            after = line.event_id
            history.seen.append(
                Seen(
                    history.next_number(),
                    self._life.number,
                    self._life.world_s,
                    run_id,
                    line.event_id,
                    line.kind,
                    text_of_event(line),
                    "watcher",
                )
            )
        self._last[run_id] = after
        return len(lines)


def text_of_event(line: EventLine) -> str:
    """Return everything an event says."""
    return json.dumps([line.kind, line.at_ms, line.body], sort_keys=True, default=str)
