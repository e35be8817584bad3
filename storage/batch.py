"""One transaction for many units, without a thread: what the writer does each turn.

First all units together, their rows gathered into few large statements: the
interpreter's lock changes hands at every step of SQLite, so few steps beat
many. When anything goes wrong there, all is taken back and written again unit
by unit, a savepoint around each, so that a bad one fails alone. Nothing is
told before COMMIT has returned.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Protocol

from contracts.errors import CallsheetError
from storage.blobs import store_blobs
from storage.failure import blames_a_unit, unit_failure, write_failure
from storage.fences import Broken, Fences
from storage.unit import Unit

MAX_PARAMETERS: Final = 32_000
"""Of one statement; SQLite takes 32,766."""

_CHUNKS: Final = (256, 128, 64, 32, *range(16, 0, -1))
"""Rows of one statement: few sizes, so that each is compiled once and kept."""
_ERRORS: Final = (CallsheetError, sqlite3.Error, sqlite3.Warning, ValueError, TypeError, OverflowError)

_STALE: Final = frozenset({"journal.fenced", "journal.closed"})
"""Refusals of somebody who holds a run no more; who holds it is not concerned."""

Outcomes = list[CallsheetError | None]


class Connection(Protocol):
    """What a batch needs of a connection in autocommit mode."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterable[Sequence[Any]]:
        """Run one statement; give its rows."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def write_batch(connection: Connection, units: Sequence[Unit], broken: Broken | None = None) -> Outcomes:
    """Commit units in their order and return what became of each: None, or why it is not kept.

    A unit alone fails with `journal.fenced`, `journal.closed`, `journal.broken`,
    `storage.constraint` or `storage.bad_unit`; the whole batch with
    `storage.full` or `storage.write_failed`. `done` is not called.

    Args:
        connection: In autocommit mode.
        units: In the order given to the writer.
        broken: What earlier batches of the same writer could not keep; changed here.
    """
    fences = Fences(connection, {} if broken is None else broken)
    try:
        return _transaction(connection, units, fences, _together)
    except _ERRORS as exc:
        failure = exc
    if blames_a_unit(failure):
        fences.forget()
        try:
            return _transaction(connection, units, fences, _one_by_one)
        except _ERRORS as exc:
            failure = exc
    for unit in units:
        fences.failed(unit.fence)
    return [write_failure(failure, connection) for _ in units]


def roll_back(connection: Connection) -> None:
    """Take back what was not committed, if anything was."""
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _transaction(
    connection: Connection,
    units: Sequence[Unit],
    fences: Fences,
    write: Callable[[Connection, Sequence[Unit], Fences], Outcomes],
) -> Outcomes:
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = write(connection, units, fences)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    for unit, outcome in zip(units, outcomes, strict=True):
        if outcome is None:
            fences.committed(unit.fence)
        elif outcome.code not in _STALE:
            fences.failed(unit.fence)
    return outcomes


def _together(connection: Connection, units: Sequence[Unit], fences: Fences) -> Outcomes:
    fences.look_up(u.fence.run_id for u in units if u.fence is not None)
    outcomes: Outcomes = []
    accepted: list[Unit] = []
    for unit in units:
        refusal = fences.refusal(unit.fence)
        outcomes.append(refusal)
        if refusal is None:
            fences.passed(unit.fence)
            accepted.append(unit)
    store_blobs(connection, chain.from_iterable(u.blobs for u in accepted))
    gathered: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    others = []
    for unit in accepted:
        for statement in unit.statements:
            if statement.rows:
                gathered.setdefault((statement.rows, statement.after), []).append(statement.parameters)
            else:
                others.append(statement)
    for (prefix, after), rows in sorted(gathered.items(), key=_comes_after):
        for chunk in _chunks(rows):
            sql = _sql(prefix, len(chunk), len(chunk[0]), after)
            connection.execute(sql, tuple(chain.from_iterable(chunk)))
    for statement in others:
        connection.execute(statement.sql, statement.parameters)
    return outcomes


def _chunks(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    fitting = MAX_PARAMETERS // max(1, len(rows[0]))
    start = 0
    for size in _CHUNKS:
        while size <= fitting and len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _comes_after(group: tuple[tuple[str, str], object]) -> bool:
    """Sort what changes rows behind what adds them."""
    return bool(group[0][1])


@lru_cache(maxsize=256)
def _sql(prefix: str, rows: int, width: int, after: str) -> str:
    one = f"({', '.join('?' * width)})"
    return prefix + ", ".join([one] * rows) + after


def _one_by_one(connection: Connection, units: Sequence[Unit], fences: Fences) -> Outcomes:
    return [_alone(connection, unit, fences) for unit in units]


def _alone(connection: Connection, unit: Unit, fences: Fences) -> CallsheetError | None:
    connection.execute("SAVEPOINT unit")
    try:
        refusal: CallsheetError | None = fences.refusal(unit.fence)
        if refusal is None:
            store_blobs(connection, unit.blobs)
            for statement in unit.statements:
                connection.execute(statement.sql, statement.parameters)
            fences.passed(unit.fence)
    except _ERRORS as exc:
        if not connection.in_transaction or not blames_a_unit(exc):
            raise  # a full disk rolls the whole transaction back, and with it the units before
        connection.execute("ROLLBACK TO unit")
        fences.failed(unit.fence)
        refusal = unit_failure(exc)
    connection.execute("RELEASE unit")
    return refusal
