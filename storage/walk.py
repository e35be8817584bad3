"""Every row of a file read and held against its sum, on past what cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import CallsheetError
from storage import journal_rows
from storage.blobs import blob_text
from storage.findings import UNREADABLE, Findings, Progress
from storage.guest_rows import read_guest_value
from storage.rows import read_plan, read_run, read_trace, read_value

MAX_LEAPS: Final = 64
"""Over pages that cannot be read, in one table."""

_UNFIT: Final = (CallsheetError, ValueError, TypeError, AttributeError, IndexError)
"""What a row's reader raises when a column is not even of its type."""
_TOLD_EVERY: Final = 500

_ALL: Final = "SELECT * FROM {}"
_ONWARD: Final = "SELECT rowid AS place, * FROM {} WHERE rowid >= ? ORDER BY rowid"
_NEWEST: Final = "SELECT * FROM {} ORDER BY {} LIMIT ?"
_COUNT: Final = "SELECT count(*) FROM {}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """One table and what reads a row of it."""

    name: str
    key: tuple[str, ...]
    read: Callable[[sqlite3.Row], object]
    has_rowid: bool = True


TABLES: Final = (
    _Kept("run", ("run_id",), read_run),
    _Kept("plan", ("plan_id",), read_plan),
    _Kept("trace", ("trace_id",), read_trace),
    _Kept("value", ("run_id", "key"), read_value),
    _Kept("guest_kv", ("namespace", "key"), read_guest_value),
    _Kept("signal", ("run_id", "signal_id"), journal_rows.read_signal),
    _Kept("event", ("run_id", "event_id"), journal_rows.read_event, has_rowid=False),
    _Kept(
        "intent",
        ("run_id", "subtask_id", "item_index", "attempt"),
        journal_rows.read_intent,
        has_rowid=False,
    ),
    _Kept("wait", ("run_id", "subtask_id", "item_index", "kind"), journal_rows.read_wait, has_rowid=False),
    _Kept("request_key", ("key",), journal_rows.read_key, has_rowid=False),
    _Kept("wake", ("run_id",), journal_rows.read_wake, has_rowid=False),
)
BLOBS: Final = _Kept("blob", ("sha256",), blob_text)


def check_rows(connection: sqlite3.Connection, found: Findings, progress: Progress) -> None:
    """Hold every row of every table but the blobs against its sum."""
    for table in TABLES:
        total = _count(connection, table)
        for done, row in enumerate(_rows(connection, table, found), 1):
            _judge(table, row, found)
            found.rows += 1
            if not done % _TOLD_EVERY:
                progress(f"rows of {table.name}", done, total)


def check_blobs(connection: sqlite3.Connection, found: Findings, progress: Progress) -> None:
    """Unpack every blob and hold it against the hash it is called by."""
    total = _count(connection, BLOBS)
    for row in _rows(connection, BLOBS, found):
        _judge(BLOBS, row, found)
        found.blobs += 1
        progress("blobs", found.blobs, total)


def check_newest(connection: sqlite3.Connection, found: Findings, newest: int) -> None:
    """Hold the last rows of each table against their sums."""
    for table in TABLES:
        order = "rowid DESC" if table.has_rowid else ", ".join(f"{c} DESC" for c in table.key)
        try:
            rows = _select(connection, _NEWEST.format(table.name, order), (newest,))
            for row in rows:
                _judge(table, row, found)
                found.rows += 1
        except UNREADABLE as exc:
            found.add(table.name, "", exc)


def _judge(table: _Kept, row: sqlite3.Row, found: Findings) -> None:
    try:
        table.read(row)
    except _UNFIT as exc:
        found.add(table.name, name_of(row, table.key), exc)


def name_of(row: sqlite3.Row, key: tuple[str, ...]) -> str:
    """Return what a finding calls a row by, whatever stands in it."""
    names = row.keys()
    return " ".join(str(row[c])[:100] for c in key if c in names)


def _rows(connection: sqlite3.Connection, table: _Kept, found: Findings) -> Iterator[sqlite3.Row]:
    if not table.has_rowid:
        try:
            yield from _select(connection, _ALL.format(table.name), ())
        except UNREADABLE as exc:
            found.add(table.name, "", exc)
        return
    last, leap = -(2**63), 1
    for _ in range(MAX_LEAPS):
        try:
            for row in _select(connection, _ONWARD.format(table.name), (last,)):
                yield row
                last, leap = row["place"] + 1, 1
        except (*UNREADABLE, OverflowError) as exc:
            found.add(table.name, f"past row {max(last - 1, 0)}", exc)
            last, leap = max(last, 0) + leap, leap * 2  # what lies on the page is passed over
        else:
            return


def _select(connection: sqlite3.Connection, sql: str, given: tuple[Any, ...]) -> Iterator[sqlite3.Row]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    try:
        yield from cursor.execute(sql, given)
    finally:
        cursor.close()


def _count(connection: sqlite3.Connection, table: _Kept) -> int:
    try:
        return int(connection.execute(_COUNT.format(table.name)).fetchone()[0])
    except UNREADABLE:
        return 0  # the walk over the table says why
