"""Read-only connections to one file, with or without a process that writes it.

A connection serves one query at a time; as many are open as threads have
asked at once, and a few are kept for the next.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Self

from contracts.errors import Unavailable
from storage.failure import code_of, not_a_database, read_failure
from storage.schema import missing, require_current
from storage.statement import Query

BUSY_MS: Final = 5_000
MAX_IDLE: Final = 8

Beside = Literal["log", "nothing"]
"""What may be laid beside a file that is read: the index of SQLite's log, or nothing at all."""

_UNREACHABLE: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


class Reader:
    """Answers SELECTs, from any thread."""

    def __init__(self, path: Path, *, beside: Beside = "log") -> None:
        self._path = path
        self._beside = beside
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._lock = threading.Lock()  # guards _idle and _closed; never held while reading

    @classmethod
    def open(cls, path: Path, *, beside: Beside = "log") -> Self:
        """Return a reader of the file, which must have been written before.

        Args:
            path: The file.
            beside: `nothing` is for a short look: of what is written meanwhile, it may see an error.

        Raises:
            NotFound: `storage.missing`.
            Conflict: `storage.newer`, `storage.older`.
            InvalidInput: `storage.not_a_database`.
            Unavailable: `storage.read_failed`.
        """
        real = Path(os.path.realpath(path))
        reader = cls(real, beside=beside)
        with reader._connection() as connection:
            require_current(connection, real)
        return reader

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return every row; bound them in the SQL.

        Raises:
            Damaged: `storage.damaged`.
            Unavailable: `storage.read_failed`, `storage.closed`.
            InvalidInput: `storage.bad_parameter`, `storage.not_a_database`.
        """
        with self._connection() as connection:
            return connection.execute(sql, tuple(parameters)).fetchall()

    def query_all(self, queries: Sequence[Query]) -> list[list[sqlite3.Row]]:
        """Return the rows of several queries, all of one moment.

        Raises:
            Damaged: `storage.damaged`.
            Unavailable: `storage.read_failed`, `storage.closed`.
            InvalidInput: `storage.bad_parameter`, `storage.not_a_database`.
        """
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                return [connection.execute(*query).fetchall() for query in queries]
            finally:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection, each as soon as its query has ended."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise Unavailable("storage.closed", f"the reader of {str(self._path)!r} is closed")
            connection = self._idle.pop() if self._idle else None
        try:
            connection = connection or connect_readonly(self._path, beside=self._beside)
            yield connection
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as exc:
            raise read_failure(exc, self._path) from exc
        finally:
            if connection is not None:
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def connect_readonly(path: Path, *, beside: Beside = "log") -> sqlite3.Connection:
    """Return a connection that cannot write, with or without a process that does.

    Args:
        path: The file.
        beside: What it may lay beside the file where nobody else has.

    Raises:
        NotFound: `storage.missing`.
        InvalidInput: `storage.not_a_database`, a folder.
        sqlite3.Error: It cannot be opened.
    """
    if path.is_dir():
        raise not_a_database(path, "it is a folder")
    if not path.exists():
        raise missing(path)
    log = path.with_name(path.name + "-wal")
    if beside == "nothing" and not log.exists():
        return _opened(
            path, "mode=ro&immutable=1"
        )  # nobody writes it: without a log the file is whole by itself
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as exc:
        if code_of(exc) not in _UNREACHABLE or (log.exists() and log.stat().st_size):
            raise
        # In a folder that may not be written SQLite cannot lay the index of the
        # log beside the file; without a log the file is whole by itself.
        return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
