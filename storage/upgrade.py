"""An older file brought up to this version, by hand: a checked copy is laid beside it first."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.backup import copy_checked, draft_at, publish
from storage.check import check
from storage.failure import open_failure, read_failure
from storage.findings import UNREADABLE, Progress, silent
from storage.lock import Holder, WriterLock
from storage.reader import BUSY_MS, connect_readonly
from storage.restore import STAMP
from storage.schema import known_version, migrate, migrations, missing


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What was done, or would be."""

    path: Path
    found: int
    """The version the file had."""
    newest: int
    """The version it has now, or would have."""
    files: tuple[str, ...]
    """The migrations in between."""
    backup: Path | None
    """The file as it was; None where nothing was done."""


def upgrade(path: Path, *, now: datetime, dry_run: bool = False, progress: Progress = silent) -> Upgrade:
    """Bring a file to the newest version, after a backup beside it.

    Args:
        path: Nobody may be writing it.
        now: For the backup's name.
        dry_run: Only say what would be done.
        progress: Told how far it is.

    Raises:
        Conflict: `storage.locked`, `storage.newer`, `storage.file_exists`.
        Damaged: `storage.damaged`; a damaged file is left as it is.
        InvalidInput: `storage.not_a_database`.
        NotFound: `storage.missing`.
        Unavailable: `storage.unwritable`, `storage.write_failed`.
    """
    real = Path(os.path.realpath(path))
    if dry_run:
        return _ahead(real, None)
    if not real.exists():
        raise missing(real)
    lock = WriterLock.acquire(real, Holder(os.getpid()))
    try:
        ahead = _ahead(real, now)
        if ahead.backup is not None:
            _apply(real, ahead.backup, progress)
    finally:
        lock.release()
    return ahead


def _ahead(real: Path, now: datetime | None) -> Upgrade:
    try:
        with closing(connect_readonly(real)) as connection:
            found = known_version(connection, real)
    except UNREADABLE as exc:
        raise read_failure(exc, real) from exc
    if found == 0:
        raise missing(real)
    files = tuple(file.name for file in migrations()[found:])
    backup = None
    if files and now is not None:
        backup = real.with_name(f"{real.name}.version-{found}-{now.strftime(STAMP)}")
    return Upgrade(real, found, len(migrations()), files, backup)


def _apply(real: Path, backup: Path, progress: Progress) -> None:
    draft = backup.with_name(backup.name + ".part")
    with draft_at(draft):
        copy_checked(real, draft, progress=progress)
        publish(draft, backup, force=False)
    try:
        with closing(sqlite3.connect(real, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            connection.execute("PRAGMA synchronous = FULL")
            migrate(connection, real)
    except sqlite3.Error as exc:
        raise open_failure(exc, real) from exc
    check(real, progress=progress).raise_if_damaged()
