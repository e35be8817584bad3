"""A backup put in the place of a database: checked first, the one before it kept, never two at once.

At every moment the name leads to a whole database: the new one takes it in one
step, after the old one's log has been moved away, for SQLite would apply a log
to whatever file stands beside it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from storage.backup import (
    Backup,
    beside,
    copy_checked,
    draft_at,
    no_backup,
    publish,
    refuse_the_same,
    remove,
    sync_folder,
)
from storage.failure import not_a_database, open_failure
from storage.findings import Progress, silent
from storage.lock import Holder, WriterLock

STAMP: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the database's place now."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    version: int
    rows: int
    aside: Path | None
    """Where the database before it lies; None where there was none."""


def restore(backup: Path, target: Path, *, now: datetime, progress: Progress = silent) -> Restored:
    """Put a backup in the place of a database, and move the one there aside.

    Args:
        backup: Only read; checked before anything is moved.
        target: The database; nobody may be writing it.
        now: For the name of the one moved aside.
        progress: Told how far it is.

    Raises:
        Conflict: `storage.locked`, `storage.same_file`.
        Damaged: `storage.damaged`, the backup.
        NotFound: `storage.no_backup`.
        Unavailable: `storage.unwritable`, `storage.write_failed`.
    """
    given, real = Path(os.path.realpath(backup)), Path(os.path.realpath(target))
    if not given.is_file():
        raise no_backup(given)
    if real.is_dir():
        raise not_a_database(real, "it is a folder")
    refuse_the_same(real, given)
    try:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise open_failure(exc, real) from exc
    lock = WriterLock.acquire(real, Holder(os.getpid()))
    try:
        return _replace(given, real, now=now, progress=progress)
    finally:
        lock.release()


def _replace(given: Path, real: Path, *, now: datetime, progress: Progress) -> Restored:
    draft = real.with_name(real.name + ".restoring")
    remove(draft)  # of a restore that was cut short: the lock is ours
    with draft_at(draft):
        copy: Backup = copy_checked(given, draft, progress=progress)
        try:
            aside = _set_aside(real, now)
        except OSError as exc:
            raise open_failure(exc, real) from exc
        publish(draft, real, force=True)
    return Restored(real, copy.size, copy.sha256, copy.version, copy.rows, aside)


def _set_aside(real: Path, now: datetime) -> Path | None:
    """Give the database before a second name, and its log that name alone."""
    aside = _second_name(real, f"{real.name}.replaced-{now.strftime(STAMP)}") if real.exists() else None
    for log in beside(real):
        goal = aside and aside.with_name(aside.name + log.name.removeprefix(real.name))
        with suppress(FileNotFoundError):
            if goal is None:
                log.unlink()
            else:
                log.rename(goal)
    sync_folder(real.parent)
    return aside


def _second_name(real: Path, name: str) -> Path:
    for number in count(1):
        aside = real.with_name(name if number == 1 else f"{name}_{number}")
        try:
            os.link(real, aside)
        except FileExistsError:
            continue
        except OSError as exc:
            if exc.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
                raise
            real.rename(aside)  # a file system without second names
        return aside
    raise AssertionError("count() ends never")
