"""Runs as a command reaches them: over the server that holds the database, or in the file itself.

Both answer the same JSON. Without a server a word is kept in the file, and
whoever runs next takes it up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, Protocol

from pydantic import JsonValue

from contracts.clock import SystemClock
from contracts.errors import Conflict, NotFound
from egress.fetch import Egress
from service import actions
from service.actions import Settled, Verdict
from service.compose import open_desk
from service.desk import LocalDesk
from service.lookups import waits_of
from service.objectives_server import Found, ServerCounter
from service.remote import Server, server_url
from service.run_json import page_body, run_body, run_json
from service.settings import Settings
from storage.database import Reader
from traces.runs_store import RunStore
from traces.store import TraceStore

BY: Final = "asked for at the terminal"
RUN_FIRST: Final = "Run something first: callsheet run --example auction"


class Shelf(Protocol):
    """Runs, looked at."""

    async def page(self, *, state: str | None, limit: int, after: str | None) -> Found:
        """Return a page of runs, newest first."""
        ...

    async def show(self, run_id: str) -> Found:
        """Return one run, with what it waits for."""
        ...


class Counter(Shelf, Protocol):
    """Runs, looked at and told things."""

    async def cancel(self, run_id: str) -> Found:
        """Ask a run to stop, and return it."""
        ...

    async def retry(self, run_id: str, settled: Mapping[str, Settled]) -> Found:
        """Try a run again, and return the new one."""
        ...

    async def decide(self, run_id: str, verdict: Verdict, *, plan_id: str, subtask: str | None) -> Found:
        """Approve or reject what waits, and return the run."""
        ...

    async def signal(self, run_id: str, name: str, *, payload: JsonValue, signal_id: str | None) -> Found:
        """Tell a run something, and return the signal."""
        ...

    def note(self, run_id: str, /) -> str:
        """Return what is to be said of who goes on with a run; empty for nothing."""
        ...


class FileShelf:
    """Looks into the file; works while somebody else writes it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._runs = RunStore(reader)
        self._traces = TraceStore(reader)

    async def page(self, *, state: str | None, limit: int, after: str | None) -> Found:
        """Return a page of runs, newest first."""
        return page_body(self._runs, state=state, limit=limit, after=after)

    async def show(self, run_id: str) -> Found:
        """Return one run, with what it waits for."""
        return run_body(self._runs, self._traces, partial(waits_of, self._reader), run_id)


class FileCounter(FileShelf):
    """Keeps what runs are told, in a file that nobody else writes; runs none of them."""

    def __init__(self, desk: LocalDesk) -> None:
        super().__init__(desk.reader)
        self._desk = desk

    async def cancel(self, run_id: str) -> Found:
        """End a run, and return it."""
        return run_json(await actions.cancel(self._desk, run_id, reason=BY))

    async def retry(self, run_id: str, settled: Mapping[str, Settled]) -> Found:
        """Keep a new run that tries one again, and return it."""
        taken = await actions.retry(self._desk, run_id, settled=settled)
        return run_json(self._desk.runs.get(taken.run_id))

    async def decide(self, run_id: str, verdict: Verdict, *, plan_id: str, subtask: str | None) -> Found:
        """Keep a decision, and return the run."""
        return run_json(await actions.decide(self._desk, run_id, verdict, plan_id=plan_id, subtask=subtask))

    async def signal(self, run_id: str, name: str, *, payload: JsonValue, signal_id: str | None) -> Found:
        """Keep a signal, and return it."""
        kept = await actions.tell(self._desk, run_id, name, payload=payload, signal_id=signal_id)
        return {"run_id": run_id, "signal_id": kept.signal_id, "name": name}

    def note(self, run_id: str) -> str:
        """Return how to go on with a run."""
        if self._desk.is_over(run_id):
            return ""
        return f"no process runs it now; go on: callsheet run --resume {run_id}, or callsheet serve"


@asynccontextmanager
async def open_shelf(settings: Settings) -> AsyncIterator[Shelf]:
    """Open a way to look at runs.

    Raises:
        NotFound: `storage.missing`.
    """
    if url := server_url(settings):
        async with Egress(SystemClock()) as egress:
            yield ServerCounter(Server(egress, settings, url))
        return
    with open_reader(settings) as reader:
        yield FileShelf(reader)


@asynccontextmanager
async def open_counter(settings: Settings) -> AsyncIterator[Counter]:
    """Open a way to tell runs something.

    Raises:
        NotFound: `storage.missing`.
        Conflict: `storage.locked`, by a process that serves nobody.
    """
    if url := server_url(settings):
        async with Egress(SystemClock()) as egress:
            yield ServerCounter(Server(egress, settings, url))
        return
    with suppress(Conflict):  # an older file is brought up when it is opened for writing
        open_reader(settings).close()
    async with open_desk(settings, runs="later") as desk:
        yield FileCounter(desk)


def open_reader(settings: Settings) -> Reader:
    """Return a reader of the database.

    Raises:
        NotFound: `storage.missing`.
    """
    try:
        return Reader.open(settings.storage.path)
    except NotFound as exc:
        raise NotFound(exc.code, exc.message, hint=RUN_FIRST) from exc
