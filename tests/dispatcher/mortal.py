"""A database whose process can die, and a journal that remembers what became durable."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial

from pydantic import JsonValue
from typing_extensions import override

from contracts.errors import CallsheetError
from contracts.journal import Done, Entry
from contracts.trace import ExecutionTrace
from dispatcher.journal import StorageJournal
from storage.database import Database
from storage.unit import Unit
from traces.redaction import Redactor


class Mortal(Database):
    """A database whose process can die: with `left` set, once that many more units were handed to the disk."""

    left: int | None = None
    is_silent = False

    @cached_property
    def died(self) -> asyncio.Event:
        return asyncio.Event()

    @override
    def submit(self, units: Sequence[Unit]) -> None:
        for unit in units:
            if self.left == 0:
                self.died.set()
            if self.died.is_set():
                return
            if self.left is not None:
                self.left -= 1
            unit.done = partial(self._tell, unit.done)
            super().submit([unit])

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep what is given to the disk meanwhile from becoming durable."""
        held, release = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            held.set()
            release.wait(10)

        super().submit([Unit([], hold)])
        held.wait(10)
        try:
            yield
        finally:
            release.set()

    def _tell(self, done: Done, error: CallsheetError | None) -> None:
        if not self.is_silent:
            done(error)


class Recorded(StorageJournal):
    """The journal, remembering what became durable, entry by entry."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        super().__init__(database, files=None, redactor=redactor)
        self.entries: list[Entry] = []

    @override
    def put(self, entry: Entry, done: Done) -> None:
        def kept(error: CallsheetError | None) -> None:
            if error is None:
                self.entries.append(entry)
            done(error)

        super().put(entry, kept)

    @property
    def traces(self) -> list[ExecutionTrace]:
        return [r.as_trace(e.run_id) for e in self.entries for r in e.receipts]

    @property
    def units(self) -> list[tuple[list[str], dict[str, JsonValue]]]:
        """What each entry with receipts held: their subtasks, and the values beside them."""
        return [
            ([r.subtask_id for r in e.receipts], {v.key: json.loads(v.text) for v in e.values})
            for e in self.entries
            if e.receipts
        ]
