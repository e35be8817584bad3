"""The one thread that writes: it takes every unit that waits and commits them together.

One fsync acknowledges a whole batch, so durability costs each unit little. A
savepoint stands around each unit: a bad one fails alone. When the COMMIT
fails, every unit of the batch fails and the thread lives on.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from contracts.errors import CallsheetError, Unavailable
from storage.failure import unit_failure, write_failure
from storage.statement import Statement

MAX_BATCH: Final = 512
"""Units in one transaction."""
MAX_WAITING: Final = 50_000
"""Units that may wait; a caller past this is told to come back."""

_UNIT_ERRORS: Final = (sqlite3.Error, sqlite3.Warning, ValueError, TypeError, OverflowError)


class _Unit(NamedTuple):
    statements: tuple[Statement, ...]
    future: Future[None]


class Writer:
    """Commits units in the order they came.

    Args:
        connection: In autocommit mode, and from now on this thread's alone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: deque[_Unit] = deque()
        self._closed = False
        self._turn = threading.Condition()  # guards _waiting and _closed; never held while writing
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, statements: Sequence[Statement]) -> Future[None]:
        """Return a future that resolves once the statements are durable, all or none of them.

        The future cannot be cancelled: what was handed over is written. It
        fails with `storage.closed`, `storage.backlog`, `storage.write_failed`,
        `storage.constraint` or `storage.bad_unit`.
        """
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        with self._turn:
            refusal = self._refusal()
            if refusal is None:
                self._waiting.append(_Unit(tuple(statements), future))
                self._turn.notify()
        if refusal is not None:
            future.set_exception(refusal)
        return future

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._thread.join()
        self._connection.close()

    def _refusal(self) -> Unavailable | None:
        if self._closed:
            return Unavailable("storage.closed", "the database is closed; nothing more is written")
        if len(self._waiting) >= MAX_WAITING:
            return Unavailable("storage.backlog", f"{MAX_WAITING} writes wait already", hint="Try later.")
        return None

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                outcomes = self._commit(batch)
            except Exception as exc:  # noqa: BLE001  # the storage writer's border: a dead thread would hang every caller
                self._roll_back()
                outcomes = [write_failure(exc) for _ in batch]
            for unit, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    unit.future.set_result(None)
                else:
                    unit.future.set_exception(outcome)

    def _next_batch(self) -> list[_Unit]:
        with self._turn:
            self._turn.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]

    def _commit(self, batch: Sequence[_Unit]) -> list[CallsheetError | None]:
        self._connection.execute("BEGIN IMMEDIATE")
        outcomes = [self._write(unit) for unit in batch]
        self._connection.execute("COMMIT")
        return outcomes

    def _write(self, unit: _Unit) -> CallsheetError | None:
        execute = self._connection.execute
        execute("SAVEPOINT unit")
        try:
            for sql, parameters in unit.statements:
                execute(sql, parameters)
        except _UNIT_ERRORS as exc:
            if not self._connection.in_transaction:
                raise  # a full disk rolls the whole transaction back, and with it the units before
            execute("ROLLBACK TO unit")
            execute("RELEASE unit")
            return unit_failure(exc)
        execute("RELEASE unit")
        return None

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
