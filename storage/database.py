"""One SQLite file with one writer: opened, brought to the newest shape, locked against a second."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from contracts.errors import CallsheetError, Unavailable
from storage.blobs import Blob
from storage.failure import not_a_database, open_failure
from storage.lock import Holder, WriterLock
from storage.reader import BUSY_MS, Reader
from storage.schema import known_version, migrate
from storage.statement import Statement
from storage.unit import Fence, Unit
from storage.writer import Writer

__all__ = ["Database", "Holder", "Reader", "Statement"]

LOG_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""What the write-ahead log is cut back to after a checkpoint."""

STATEMENTS: Final = 256
"""Compiled ones the writer keeps: for each table one for each number of rows it writes together."""


class Database:
    """The one writer of one file; a context manager that drains and closes."""

    def __init__(self, path: Path, writer: Writer, lock: WriterLock) -> None:
        self.path = path
        self._writer = writer
        self._file_lock = lock
        self._readers: list[Reader] = []
        self._closed = False
        self._lock = threading.Lock()  # guards _readers and _closed; never held while waiting for the writer

    @classmethod
    def open(cls, path: Path, *, holder: Holder | None = None) -> Self:
        """Open a file for writing; it and its folder are made, for their owner alone, where they are missing.

        Args:
            path: Symbolic links are followed, so one file has one lock.
            holder: What a second writer is told; this process, serving nobody, when absent.

        Raises:
            Conflict: `storage.locked`, with `pid` and `url` of the first writer; `storage.newer`.
            InvalidInput: `storage.not_a_database`.
            Unavailable: `storage.unwritable`.
        """
        real = Path(os.path.realpath(path))
        if real.is_dir():
            raise not_a_database(real, "it is a folder")
        try:
            real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise open_failure(exc, real) from exc
        lock = WriterLock.acquire(real, holder or Holder(os.getpid()))
        with ExitStack() as undo:
            undo.callback(lock.release)
            _make_private(real)
            found = cls(real, Writer(_writing_connection(real), real.parent), lock)
            undo.pop_all()
        return found

    def submit(self, units: Sequence[Unit]) -> None:
        """Hand over units, to be written next to each other in this order.

        Each unit's `done` is called once, in the writer's thread: with None
        when it is on the disk; with `storage.constraint`, `storage.bad_unit`,
        `journal.fenced` or `journal.closed` when this unit is at fault; with
        `storage.full` or `storage.write_failed` when nothing of its batch could
        be written. With `storage.closed` or `storage.backlog` it is called at
        once, in the caller's thread, and for every unit.
        """
        self._writer.submit(units)

    def commit(
        self, statements: Sequence[Statement], *, fence: Fence | None = None, blobs: Sequence[Blob] = ()
    ) -> Future[None]:
        """Hand over one unit; the future resolves once it is on the disk, or fails as told at `submit`.

        It cannot be cancelled: what was handed over is written.
        """
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()

        def done(failure: CallsheetError | None) -> None:
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

        self._writer.submit([Unit(tuple(statements), done, fence, blobs)])
        return future

    def announce(self, holder: Holder) -> None:
        """Tell those who are refused another url, once it is known."""
        self._file_lock.announce(holder)

    def reader(self) -> Reader:
        """Return a reader of this file, closed with the database at the latest.

        Raises:
            Unavailable: `storage.closed`.
        """
        with self._lock:
            if self._closed:
                raise Unavailable("storage.closed", f"the database {str(self.path)!r} is closed")
            found = Reader.open(self.path)
            self._readers.append(found)
        return found

    def close(self) -> None:
        """Write what waits, then let go of the file; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        self._writer.close()
        self._file_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _make_private(path: Path) -> None:
    """Make the file, for its owner alone; SQLite gives its `-wal` and `-shm` the same mode. One there stays as it is."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as exc:
        raise open_failure(exc, path) from exc


def _writing_connection(path: Path) -> sqlite3.Connection:
    with ExitStack() as undo:
        try:
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
            )
            undo.callback(connection.close)
            prepare(connection, path)
        except (sqlite3.Error, UnicodeDecodeError) as exc:
            raise open_failure(exc, path) from exc
        undo.pop_all()
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set a writing connection up, and bring its file to the newest shape."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    known_version(connection, path)  # before the mode is written into what may be a stranger's file
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise open_failure(OSError(f"its file system gives journal mode {mode!r}, not WAL"), path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}")
    if migrate(connection, path):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
