"""What an SQLite error means to a caller: one place that turns result codes into the error tree.

Source: https://www.sqlite.org/rescode.html, of which the low byte is the kind.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from contracts.errors import CallsheetError, Conflict, Damaged, InvalidInput, OutOfSpace, Unavailable


class Executes(Protocol):
    """What runs SQL."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterable[Sequence[Any]]:
        """Run one statement; give its rows."""
        ...


FREE_SPACE_HINT: Final = "Free some disk space, or check that the file may be written, then try again."
CHECK_HINT: Final = "callsheet db check"

_SENT: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
)
_NO_ROOM_BYTES: Final = 1024 * 1024
_COLUMNS: Final = re.compile(r"UNIQUE constraint failed: ([\w., ]+)")


def code_of(exc: BaseException) -> int:
    """Return the primary result code, 0 when SQLite gave none."""
    return _extended(exc) & 0xFF


def blames_a_unit(exc: Exception) -> bool:
    """Return whether what went wrong lies in what was to be written, not in the file or the disk."""
    if isinstance(exc, sqlite3.IntegrityError) or not isinstance(exc, sqlite3.Error):
        return True
    return code_of(exc) in _SENT | {0}


def unit_failure(exc: Exception) -> CallsheetError:
    """Return why one unit among others could not be written.

    `storage.constraint` (a row that is there already; `data.columns` names
    which must differ), `storage.bad_unit` (a value SQLite cannot hold), or what
    was found before SQLite saw it.
    """
    if isinstance(exc, CallsheetError):
        return exc
    if isinstance(exc, sqlite3.IntegrityError):
        found = _COLUMNS.search(str(exc))
        return Conflict(
            "storage.constraint",
            f"the rows do not fit what is stored: {str(exc)[:300]}",
            data={"columns": found[1]} if found else None,
        )
    return InvalidInput("storage.bad_unit", f"the rows cannot be stored: {str(exc)[:300]}")


def write_failure(exc: Exception, connection: Executes | None = None) -> CallsheetError:
    """Return why a whole batch was not committed: `storage.full` or `storage.write_failed`.

    Args:
        exc: What was raised.
        connection: Rolled back; asked where its file lies when the error alone does not tell.
    """
    data = {"sqlite": getattr(exc, "sqlite_errorname", type(exc).__name__)}
    if _is_full(exc, connection):
        return OutOfSpace(
            "storage.full",
            f"nothing was written, the disk is full: {str(exc)[:300]}",
            hint="Free some disk space; writing goes on by itself.",
            data=data,
        )
    is_damage = code_of(exc) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    hint = CHECK_HINT if is_damage else FREE_SPACE_HINT
    return Unavailable("storage.write_failed", f"nothing was written: {str(exc)[:300]}", hint=hint, data=data)


def _is_full(exc: Exception, connection: Executes | None) -> bool:
    if code_of(exc) == sqlite3.SQLITE_FULL or _extended(exc) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return True
    # A disk that fills up while a file is synced or mapped is an error of input
    # and output to SQLite, which keeps the system's own reason to itself.
    return code_of(exc) == sqlite3.SQLITE_IOERR and connection is not None and not _has_room(connection)


def _has_room(connection: Executes) -> bool:
    try:
        files = [str(row[2]) for row in connection.execute("PRAGMA database_list")]
    except sqlite3.Error:
        return True
    return not files or free_bytes(Path(files[0]).parent) > _NO_ROOM_BYTES


def free_bytes(folder: Path) -> int:
    """Return how much may still be written in a folder; a great number where nobody knows."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return sys.maxsize
    return found.f_bavail * found.f_frsize


def _extended(exc: BaseException) -> int:
    return int(getattr(exc, "sqlite_errorcode", 0) or 0)


def open_failure(exc: sqlite3.Error | OSError | UnicodeDecodeError, path: Path) -> CallsheetError:
    """Return why a file could not be opened for writing.

    `storage.not_a_database`, `storage.damaged`, `storage.full` or `storage.unwritable`.
    """
    if code_of(exc) == sqlite3.SQLITE_NOTADB:
        return not_a_database(path, str(exc))
    if code_of(exc) == sqlite3.SQLITE_CORRUPT or _is_no_text(exc):
        return _damaged_file(path, exc)
    if isinstance(exc, sqlite3.Error) and _is_full(exc, None):
        return write_failure(exc)
    return Unavailable(
        "storage.unwritable",
        f"{str(path)!r} cannot be written: {str(exc)[:300]}",
        where=str(path),
        hint="Name a file in a folder you may write.",
    )


def read_failure(exc: Exception, path: Path) -> CallsheetError:
    """Return why a query gave no rows.

    `storage.not_a_database`, `storage.damaged`, `storage.bad_parameter` or `storage.read_failed`.
    """
    if code_of(exc) == sqlite3.SQLITE_NOTADB:
        return not_a_database(path, str(exc))
    if code_of(exc) == sqlite3.SQLITE_CORRUPT or _is_no_text(exc):
        return _damaged_file(path, exc)
    if not isinstance(exc, sqlite3.Error) or isinstance(
        exc, sqlite3.InterfaceError | sqlite3.ProgrammingError
    ):
        return InvalidInput("storage.bad_parameter", f"no row can hold that: {str(exc)[:300]}")
    return Unavailable(
        "storage.read_failed", f"{str(path)!r} cannot be read: {str(exc)[:300]}", where=str(path)
    )


def not_a_database(path: Path, reason: str) -> CallsheetError:
    """Return the refusal of a file that holds something else."""
    return InvalidInput(
        "storage.not_a_database",
        f"{str(path)!r} is no database of ours: {reason[:300]}",
        where=str(path),
        hint="Name another file, or move this one away.",
    )


def damaged(kind: str, *names: object) -> Damaged:
    """Return what is said of a stored row that is not what was written: `storage.damaged`."""
    name = " ".join(str(n)[:80] for n in names)
    return Damaged(
        "storage.damaged",
        f"the {kind} {name!r} is not what was written",
        where=f"{kind} {name}",
        hint=CHECK_HINT,
    )


def _is_no_text(exc: Exception) -> bool:
    # A TEXT column that is no UTF-8 is found by the binding, which has no result code for it;
    # and SQLite's own complaint quotes names from a damaged schema as they are.
    return isinstance(exc, UnicodeDecodeError) or (
        type(exc) is sqlite3.OperationalError and str(exc).startswith("Could not decode to UTF-8")
    )


def _damaged_file(path: Path, exc: Exception) -> Damaged:
    return Damaged(
        "storage.damaged",
        f"{str(path)!r} is damaged: {str(exc)[:300]}",
        where=str(path),
        hint=CHECK_HINT,
    )
