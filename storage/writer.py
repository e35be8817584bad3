"""The one thread that writes: it takes every unit that waits and commits them together.

One fsync acknowledges a whole batch, so durability costs each unit little.
Whatever a batch meets, its units are told and the thread lives on: a disk that
was full is written to again as soon as there is room.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError, OutOfSpace, Unavailable
from storage.batch import Connection, Outcomes, roll_back, write_batch
from storage.failure import free_bytes, write_failure
from storage.fences import Broken, mark_broken
from storage.telling import telling
from storage.unit import Unit

MAX_BATCH: Final = 512
"""Units in one transaction."""
MAX_WAITING: Final = 50_000
"""Units that may wait; a caller past this is told to come back."""
TIGHT_BYTES: Final = 16 * 1024 * 1024
"""Of free space below which the log is emptied after every batch, so that it cannot take the file's own room."""

LOOK_S: Final = 0.2
"""Between looks at how much room there is, as long as there is enough."""

_LOG: Final = logging.getLogger(__name__)


class Writer:
    """Commits units in the order they came.

    Args:
        connection: In autocommit mode, and from now on this thread's alone.
        folder: Where its file lies, watched for room; None for none.
    """

    def __init__(self, connection: Connection, folder: Path | None = None) -> None:
        self._connection = connection
        self._folder = folder
        self._waiting: deque[Unit] = deque()
        self._closed = False
        self._looked_at = 0.0
        self._broken: Broken = {}  # written to one item at a time, by any thread
        self._turn = threading.Condition()  # guards _waiting and _closed; never held while writing
        self._begin()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, units: Sequence[Unit]) -> None:
        """Queue units next to each other, or none of them.

        Each unit's `done` is called once: by the writer's thread after its
        batch, or here and now with `storage.closed` or `storage.backlog`.
        """
        with self._turn:
            refusal = self._refusal(len(units))
            if refusal is None:
                self._waiting.extend(units)
                self._turn.notify()
        if refusal is not None:
            if not self._closed:
                self._break(units)
            _tell(units, [refusal for _ in units])

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._thread.join()
        self._connection.close()

    def _refusal(self, more: int) -> Unavailable | None:
        if self._closed:
            return Unavailable("storage.closed", "the database is closed; nothing more is written")
        if len(self._waiting) + more > MAX_WAITING:
            return Unavailable(
                "storage.backlog", f"{len(self._waiting)} writes wait already", hint="Try later."
            )
        return None

    def _run(self) -> None:
        while batch := self._next_batch():
            self._carry_out(batch)

    def _carry_out(self, batch: Sequence[Unit]) -> None:
        outcomes = self._write(batch)
        _tell(batch, outcomes)
        if isinstance(outcomes[0], OutOfSpace) or self._is_tight():
            self._make_room()

    def _next_batch(self) -> list[Unit]:
        with self._turn:
            self._turn.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]

    def _write(self, batch: Sequence[Unit]) -> Outcomes:
        try:
            return write_batch(self._connection, batch, self._broken)
        except Exception as exc:  # noqa: BLE001  # the storage writer's border: a dead thread would hang every caller
            roll_back(self._connection)
            self._break(batch)
            return [write_failure(exc) for _ in batch]

    def _break(self, units: Sequence[Unit]) -> None:
        for unit in units:
            mark_broken(self._broken, unit.fence)

    def _is_tight(self) -> bool:
        if self._folder is None or time.monotonic() < self._looked_at + LOOK_S:
            return False
        is_tight = free_bytes(self._folder) < TIGHT_BYTES
        if not is_tight:
            self._looked_at = time.monotonic()
        return is_tight

    def _make_room(self) -> None:
        # What the log holds finds its place in the file while there is room for that still; then the
        # log is written from its start again.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _tell(units: Sequence[Unit], outcomes: Sequence[CallsheetError | None]) -> None:
    with telling():
        for unit, outcome in zip(units, outcomes, strict=True):
            try:
                unit.done(outcome)
            except Exception:  # noqa: BLE001  # the storage writer's border: the others wait to be told
                _LOG.exception("who was told of a write raised")
