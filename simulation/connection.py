"""The standard library's SQLite connection, as far as storage uses it, over apsw: same calls, same errors."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw
from typing_extensions import override

_KINDS: Final[dict[type[apsw.Error], type[sqlite3.Error]]] = {
    apsw.ConstraintError: sqlite3.IntegrityError,
    apsw.MismatchError: sqlite3.IntegrityError,
    apsw.CorruptError: sqlite3.DatabaseError,
    apsw.NotADBError: sqlite3.DatabaseError,
    apsw.BindingsError: sqlite3.ProgrammingError,
    apsw.MisuseError: sqlite3.ProgrammingError,
    apsw.TooBigError: sqlite3.DataError,
    apsw.RangeError: sqlite3.InterfaceError,
}


_CODES: Final[dict[type[apsw.Error], int]] = {
    apsw.FullError: sqlite3.SQLITE_FULL,
    apsw.IOError: sqlite3.SQLITE_IOERR,
}


class Row(tuple[Any, ...]):
    """One row: by place, or by name."""

    __slots__ = ()
    names: tuple[str, ...] = ()
    places: Mapping[str, int] = {}  # of its class, never changed

    def keys(self) -> list[str]:
        """Return the columns' names."""
        return list(self.names)

    @override
    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if type(key) is str else key)


class Rows:
    """What a statement answered."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor
        try:
            names = tuple(d[0] for d in cursor.get_description())
        except apsw.ExecutionCompleteError:  # nothing, or nothing more, to say
            names = ()
        self._kind = _row_kind(names)

    def fetchone(self) -> Any:
        """Return the next row, None past the last."""
        try:
            row = next(self._cursor, None)
        except apsw.Error as exc:
            raise _twin(exc) from exc
        return None if row is None else self._kind(row)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        try:
            return [*map(self._kind, self._cursor)]
        except apsw.Error as exc:
            raise _twin(exc) from exc

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class SimConnection:
    """One connection to one simulated file.

    Args:
        path: Its name on the disk.
        vfs: The disk's.
    """

    def __init__(self, path: str, vfs: str) -> None:
        try:
            self._apsw = apsw.Connection(path, vfs=vfs)
        except apsw.Error as exc:
            raise _twin(exc) from exc

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._apsw.in_transaction

    @property
    def total_changes(self) -> int:
        """How many rows were changed since it was opened."""
        return self._apsw.total_changes()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement."""
        try:
            return Rows(self._apsw.execute(sql, tuple(parameters)))
        except apsw.Error as exc:
            raise _twin(exc) from exc

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Rows:
        """Run one statement once for each set of parameters."""
        try:
            return Rows(self._apsw.executemany(sql, [tuple(p) for p in parameters]))
        except apsw.Error as exc:
            raise _twin(exc) from exc

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        """Let SQL call a function."""
        self._apsw.create_scalar_function(name, func, narg, deterministic=deterministic)

    def checkpoint_from(self, pages: int) -> None:
        """Write the log back after each commit that leaves it so long.

        SQLite's own way to do that passes over every failure, for the commit is
        durable by then; apsw would raise it as the commit's.
        """

        def look(connection: apsw.Connection, _name: str, length: int) -> int:
            if length >= pages:
                with contextlib.suppress(apsw.Error):
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            return apsw.SQLITE_OK

        self._apsw.set_wal_hook(look)

    def close(self) -> None:
        """Let go of the file; what a last checkpoint meets is nobody's trouble."""
        with contextlib.suppress(apsw.Error):
            self._apsw.close(force=True)


def _twin(exc: apsw.Error) -> sqlite3.Error:
    kind = next((k for a, k in _KINDS.items() if isinstance(exc, a)), sqlite3.OperationalError)
    found = kind(str(exc))
    # What the disk raises itself carries no code yet.
    own = next((code for kind, code in _CODES.items() if isinstance(exc, kind)), 0)
    found.sqlite_errorcode = getattr(exc, "extendedresult", 0) or getattr(exc, "result", 0) or own
    found.sqlite_errorname = type(exc).__name__
    return found


_row_kinds: dict[tuple[str, ...], type[Row]] = {}


def _row_kind(names: tuple[str, ...]) -> type[Row]:
    if names not in _row_kinds:
        _row_kinds[names] = type(
            "NamedRow",
            (Row,),
            {"__slots__": (), "names": names, "places": {n: i for i, n in enumerate(names)}},
        )
    return _row_kinds[names]
