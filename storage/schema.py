"""The file's shape, as numbered SQL files applied in order, each in one transaction.

`PRAGMA user_version` counts those applied; `PRAGMA application_id` says the
file is ours, so that nobody else's database grows our tables.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from contracts.errors import Conflict, NotFound
from storage.failure import not_a_database
from storage.sums import row_sum, text_sum

APPLICATION_ID: Final = 0x43414C4C
"""The letters CALL."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"

_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@cache
def migrations(folder: Path = MIGRATIONS) -> tuple[Path, ...]:
    """Return the SQL files in order; the first brings a file to version 1."""
    found = tuple(sorted(folder.glob("*.sql")))
    numbers = [int(m[1]) if (m := _NAME.fullmatch(p.name)) else 0 for p in found]
    if numbers != list(range(1, len(found) + 1)):
        raise AssertionError(f"migrations are numbered from 0001 without gaps: {[p.name for p in found]}")
    return found


def migrate(connection: sqlite3.Connection, path: Path, folder: Path = MIGRATIONS) -> int:
    """Bring a file to the newest version and return how many files were applied.

    Args:
        connection: In autocommit mode.
        path: The file, for the error.
        folder: Where the SQL files lie.

    Raises:
        Conflict: `storage.newer`.
        InvalidInput: `storage.not_a_database`, some other program's.
    """
    files = migrations(folder)
    version = known_version(connection, path, folder)
    connection.create_function("row_sum", -1, row_sum, deterministic=True)
    connection.create_function("text_sum", 1, text_sum, deterministic=True)
    for number, file in enumerate(files[version:], version + 1):
        _apply(connection, number, file.read_text(encoding="utf-8"))
    return len(files) - version


def require_current(connection: sqlite3.Connection, path: Path, folder: Path = MIGRATIONS) -> None:
    """Pass a file whose shape this version reads.

    Raises:
        NotFound: `storage.missing`, nothing was ever recorded in it.
        Conflict: `storage.newer`, `storage.older`.
        InvalidInput: `storage.not_a_database`.
    """
    newest = len(migrations(folder))
    version = known_version(connection, path, folder)
    if version == 0:
        raise missing(path)
    if version < newest:
        raise Conflict(
            "storage.older",
            f"{str(path)!r} has version {version}, this program reads {newest}",
            where=str(path),
            hint="Bring it up to date: callsheet db migrate",
        )


def known_version(connection: sqlite3.Connection, path: Path, folder: Path = MIGRATIONS) -> int:
    """Return a file's version, 0 for an empty one; nothing is changed in it.

    Raises:
        Conflict: `storage.newer`.
        InvalidInput: `storage.not_a_database`, some other program's.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (owner or version or tables):
        raise not_a_database(path, "another program's tables are in it")
    newest = len(migrations(folder))
    if version > newest:
        raise Conflict(
            "storage.newer",
            f"{str(path)!r} has version {version}, this program knows {newest}",
            where=str(path),
            hint="Update callsheet, or name another database.",
        )
    return version


def missing(path: Path) -> NotFound:
    """Return the answer to reading where nothing was recorded."""
    return NotFound(
        "storage.missing",
        f"nothing is recorded in {str(path)!r} yet",
        where=str(path),
        hint="Run an objective first: callsheet run OBJECTIVE",
    )


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the transaction it finds.
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
