"""Hold a database file against itself: its pages, every row's sum, every blob's hash, what points nowhere.

Reading only, in one read transaction, so that a server may go on writing. On a
damaged file nothing hangs and nothing is raised: an error of SQLite's is one
more finding. Of what is damaged the rest is still looked at.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError
from storage.failure import not_a_database
from storage.findings import UNREADABLE, Findings, Progress, Report, silent
from storage.reader import connect_readonly
from storage.references import find_gaps, find_orphans
from storage.schema import known_version, missing
from storage.shape import compare_shape, newest_version
from storage.walk import check_blobs, check_newest, check_rows

MAX_VALUE_BYTES: Final = 300 * 1024 * 1024
"""Of one value: a damaged length must not take the machine's memory."""

_BROKEN: Final = (*UNREADABLE, CallsheetError, OSError)

WHOLE_BYTES: Final = 64 * 1024 * 1024
"""A file up to this size is looked over whole, which takes a second or two."""


def check(path: Path, *, limit: int = 100, called: Path | None = None, progress: Progress = silent) -> Report:
    """Look at all of a file.

    Args:
        path: Only read.
        limit: The most findings that are named; all are counted.
        called: How the report calls the file, where it is a copy of another.
        progress: Told how far it is.

    Raises:
        NotFound: `storage.missing`.
        InvalidInput: `storage.not_a_database`, a folder.
    """
    real = _present(path)
    found = Findings(limit)
    version = 0
    with _opened(real, found) as connection:
        if connection is not None:
            version = _version(connection, real, found)
            _check_pages(connection, found, "integrity_check")
            if version > 0:
                compare_shape(connection, version, found)
            if version == newest_version():
                check_rows(connection, found, progress)
                check_blobs(connection, found, progress)
                find_orphans(connection, found)
                find_gaps(connection, found)
    return found.report(called or real, version)


def look_over(path: Path) -> Report:
    """Check a small file whole, and glance at a large one.

    Raises:
        NotFound: `storage.missing`.
        InvalidInput: `storage.not_a_database`, a folder.
    """
    is_small = _present(path).stat().st_size <= WHOLE_BYTES
    return check(path, limit=10) if is_small else glance(path)


def glance(path: Path, *, newest: int = 100, seconds: float = 1.0) -> Report:
    """Look at the pages of a file and at the newest rows of each table, as far as the time reaches.

    Args:
        path: Only read.
        newest: Rows of each table.
        seconds: After so long what was not looked at is left to `check`.

    Raises:
        NotFound: `storage.missing`.
        InvalidInput: `storage.not_a_database`, a folder.
    """
    real = _present(path)
    found = Findings(limit=10)
    version = 0
    with _opened(real, found) as connection:
        if connection is not None:
            version = _version(connection, real, found)
            if version > 0:
                compare_shape(connection, version, found)
            if version == newest_version():
                check_newest(connection, found, newest)
            with _interrupted_after(connection, seconds):
                _check_pages(connection, found, "quick_check")
    return found.report(real, version)


def _present(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise not_a_database(real, "it is a folder")
    if not real.exists() or not real.stat().st_size:
        raise missing(real)
    return real


@contextmanager
def _opened(path: Path, found: Findings) -> Iterator[sqlite3.Connection | None]:
    """Open one state of the file; None, and a finding, where that cannot be."""
    try:
        connection = connect_readonly(path)
    except _BROKEN as exc:
        found.add("file", "", exc)
        yield None
        return
    with closing(connection):
        connection.row_factory, connection.text_factory = None, _readable
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except UNREADABLE as exc:
            found.add("file", "", exc)
            yield None
            return
        yield connection


def _readable(raw: bytes) -> str:
    # what is no UTF-8 any more fits no sum, and need not stop the walk
    return raw.decode("utf-8", "surrogateescape")


def _version(connection: sqlite3.Connection, path: Path, found: Findings) -> int:
    try:
        version = known_version(connection, path)
    except _BROKEN as exc:
        found.add("file", "", exc)
        return 0
    if version <= 0:
        found.add("file", "", f"its version is {version}")
    return version


def _check_pages(connection: sqlite3.Connection, found: Findings, pragma: str) -> None:
    try:
        for (message,) in connection.execute(f"PRAGMA {pragma}({found.limit})"):
            if message != "ok":
                found.add("file", "", message)
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            found.add("file", "", exc)
    except UNREADABLE as exc:
        found.add("file", "", exc)


@contextmanager
def _interrupted_after(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
