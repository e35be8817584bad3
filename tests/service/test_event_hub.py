"""Who begins to watch in the midst of a run misses nothing, whoever watched before."""

from __future__ import annotations

import asyncio
import threading

from typing_extensions import override

from contracts.run import RunState
from service.events import EventHub
from storage.reader import Reader
from tests.service.desk_at_hand import DeskAtHand
from traces.events import EventLine, EventStore


class SlowAtFirst(EventStore):
    """Events whose first reader is held up with what it found."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.found, self.release = threading.Event(), threading.Event()

    @override
    def of_run(self, run_id: str, *, after: int = 0, limit: int = 500) -> tuple[EventLine, ...]:
        lines = super().of_run(run_id, after=after, limit=limit)
        if not self.found.is_set():
            self.found.set()
            self.release.wait(10)
        return lines


async def test_who_comes_while_somebody_who_left_still_reads_is_told_what_is_there_now(
    desk: DeskAtHand,
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    events = SlowAtFirst(desk.reader)
    hub = EventHub(events, most=4)
    with hub.watch("r1"):
        left = asyncio.create_task(hub.page("r1", 1))
        await asyncio.to_thread(events.found.wait, 10)
    assert not hub.hears("r1")
    desk.scripted.tell("r1", "running")
    with hub.watch("r1"):
        reading = asyncio.create_task(hub.page("r1", 1))
        await asyncio.wait({reading}, timeout=5)
        events.release.set()
        assert ((await left).last, (await reading).last) == (1, 2)
        assert (await hub.page("r1", 1, is_sure=False)).last == 2
    hub.close()
