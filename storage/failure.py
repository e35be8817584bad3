"""What an SQLite error means to a caller: one place that turns result codes into the error tree.

Source: https://www.sqlite.org/rescode.html, of which the low byte is the kind.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError, Conflict, InvalidInput, Unavailable

FREE_SPACE_HINT: Final = "Free some disk space, or check that the file may be written, then try again."

_UNUSABLE: Final = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_SENT: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
)


def code_of(exc: BaseException) -> int:
    """Return the primary result code, 0 when SQLite gave none."""
    return int(getattr(exc, "sqlite_errorcode", 0) or 0) & 0xFF


def unit_failure(exc: Exception) -> CallsheetError:
    """Return why one unit among others could not be written.

    `storage.constraint` (a row that is there already, or one that points
    nowhere), `storage.bad_unit` (a value SQLite cannot hold) or what
    `write_failure` says.
    """
    if isinstance(exc, sqlite3.IntegrityError):
        return Conflict("storage.constraint", f"the rows do not fit what is stored: {exc}")
    if not isinstance(exc, sqlite3.Error) or code_of(exc) in _SENT | {0}:
        return InvalidInput("storage.bad_unit", f"the rows cannot be stored: {str(exc)[:300]}")
    return write_failure(exc)


def write_failure(exc: Exception) -> CallsheetError:
    """Return why a whole batch was not committed: `storage.write_failed`."""
    return Unavailable(
        "storage.write_failed",
        f"nothing was written: {str(exc)[:300]}",
        hint=FREE_SPACE_HINT,
        data={"sqlite": getattr(exc, "sqlite_errorname", type(exc).__name__)},
    )


def open_failure(exc: sqlite3.Error | OSError, path: Path) -> CallsheetError:
    """Return why a file could not be opened for writing: `storage.not_a_database` or `storage.unwritable`."""
    if code_of(exc) in _UNUSABLE:
        return not_a_database(path, str(exc))
    return Unavailable(
        "storage.unwritable",
        f"{str(path)!r} cannot be written: {str(exc)[:300]}",
        where=str(path),
        hint="Name a file in a folder you may write.",
    )


def read_failure(exc: Exception, path: Path) -> CallsheetError:
    """Return why a query gave no rows: also `storage.bad_parameter` and `storage.read_failed`."""
    if code_of(exc) in _UNUSABLE:
        return not_a_database(path, str(exc))
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
