"""A run's events for a command: from the server that holds the database, or read off the file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from contracts.clock import SystemClock
from contracts.run import Run
from egress.fetch import Egress
from service.following import follow_file, follow_server
from service.objectives_doors import open_reader
from service.objectives_server import ServerCounter
from service.remote import server_url
from service.run_there import Whereabouts, run_in
from service.settings import Settings
from storage.lock import read_holder
from traces.events import EventLine, EventStore
from traces.runs_store import RunStore


@dataclass(frozen=True, slots=True)
class Watched:
    """One run, watched."""

    events: AsyncGenerator[EventLine]
    """To the one that ends it."""
    end: Callable[[], Awaitable[Run]]
    """Returns the run, as it stands then."""


@asynccontextmanager
async def watching(settings: Settings, run_id: str, *, after: int) -> AsyncIterator[Watched]:
    """Watch a run from behind the event `after`.

    Raises, here and while events come:
        NotFound: `run.unknown`, `storage.missing`.
        Unavailable: `server.unreachable`, `run.unattended`.
    """
    clock = SystemClock()
    if server_url(settings):
        async with Egress(clock) as egress:
            place = Whereabouts(egress, settings)

            async def end() -> Run:
                return run_in(await ServerCounter(place.must_find()).show(run_id))

            async with aclosing(follow_server(place.find, run_id, after=after, clock=clock)) as events:
                yield Watched(events, end)
        return
    with open_reader(settings) as reader:
        runs = RunStore(reader)
        runs.get(run_id)

        async def kept() -> Run:
            return runs.get(run_id)

        found = follow_file(
            EventStore(reader),
            run_id,
            after=after,
            clock=clock,
            is_over=lambda: runs.get(run_id).state.is_final,
            is_held=lambda: read_holder(settings.storage.path) is not None,
        )
        async with aclosing(found) as events:
            yield Watched(events, kept)
