"""A copy of a database, taken while others write: whole, checked, on the disk before it has its name.

One read transaction spans every step of the copy: it holds what was committed
when it began, and a write meanwhile does not start it over. A copy is one file
(no log beside it), its owner's alone to read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError, Conflict, Damaged, InvalidInput, NotFound
from storage.check import check
from storage.failure import code_of, open_failure, write_failure
from storage.findings import UNREADABLE, Progress, silent
from storage.reader import connect_readonly

PAGES: Final = 1024
"""Copied in one step."""
BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite lays beside a file."""

_READ: Final = 1024 * 1024
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})


@dataclass(frozen=True, slots=True)
class Backup:
    """A checked copy of a database."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    version: int
    rows: int


def back_up(source: Path, target: Path, *, force: bool = False, progress: Progress = silent) -> Backup:
    """Copy a database to a new file, also while a server writes it.

    Args:
        source: Only read.
        target: Appears whole or not at all.
        force: Replace a file that is there.
        progress: Told how far it is.

    Raises:
        Conflict: `storage.file_exists`, `storage.same_file`.
        Damaged: `storage.damaged`; no copy is kept of a damaged file.
        NotFound: `storage.missing`.
        Unavailable: `storage.unwritable`, `storage.write_failed`.
    """
    real, goal = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    refuse_the_same(real, goal)
    _refuse_taken(goal, force=force)
    draft = goal.with_name(f".{goal.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    with draft_at(draft):
        found = copy_checked(real, draft, progress=progress)
        publish(draft, goal, force=force)
    return Backup(goal, found.size, found.sha256, found.version, found.rows)


def copy_checked(source: Path, draft: Path, *, progress: Progress = silent) -> Backup:
    """Copy a database into a draft, bring it onto the disk and check every row of it.

    Raises:
        Damaged: `storage.damaged`.
        NotFound: `storage.missing`.
        Unavailable: `storage.unwritable`, `storage.write_failed`.
    """
    try:
        _copy(source, draft, progress)
        size, sha256 = _sync(draft)
    except UNREADABLE as exc:
        raise _copy_failure(exc, source) from exc
    except OSError as exc:
        raise open_failure(exc, draft) from exc
    report = check(draft, progress=progress, called=source)
    report.raise_if_damaged()
    return Backup(draft, size, sha256, report.version, report.rows)


@contextmanager
def draft_at(path: Path) -> Iterator[None]:
    """Make an empty file for its owner alone, and remove it (and what lies beside) when it did not move on.

    Raises:
        Unavailable: `storage.unwritable`.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except (OSError, ValueError) as exc:
        failure = exc if isinstance(exc, OSError) else OSError(str(exc))
        raise open_failure(failure, path) from exc
    try:
        yield
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Remove a file and what SQLite lays beside it, as far as they are there."""
    for name in (path, *beside(path)):
        with contextlib.suppress(FileNotFoundError):
            name.unlink()


def beside(path: Path) -> tuple[Path, ...]:
    """Return where SQLite lays its log and index of a file."""
    return tuple(path.with_name(path.name + end) for end in BESIDE)


def publish(draft: Path, goal: Path, *, force: bool) -> None:
    """Give a draft its name, durably; without force it never takes another file's.

    Raises:
        Conflict: `storage.file_exists`.
        Unavailable: `storage.unwritable`.
    """
    try:
        if force or not _linked(draft, goal):
            draft.replace(goal)
        sync_folder(goal.parent)
    except FileExistsError as exc:
        raise _taken(goal) from exc
    except OSError as exc:
        raise open_failure(exc, goal) from exc


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_the_same(one: Path, other: Path) -> None:
    """Pass two different files.

    Raises:
        Conflict: `storage.same_file`.
    """
    if one == other or (one.exists() and other.exists() and one.samefile(other)):
        raise Conflict(
            "storage.same_file",
            f"{str(other)!r} is the database itself",
            where=str(other),
            hint="Name another file.",
        )


def no_backup(path: Path) -> NotFound:
    """Return the answer to a backup that is not there."""
    return NotFound(
        "storage.no_backup",
        f"no backup lies at {str(path)!r}",
        where=str(path),
        hint="Make one: callsheet db backup FILE",
    )


def _copy(source: Path, draft: Path, progress: Progress) -> None:
    def told(_status: int, remaining: int, total: int) -> None:
        progress("pages", total - remaining, total)

    with closing(connect_readonly(source)) as giver, closing(_draft_connection(draft)) as taker:
        giver.execute("BEGIN")
        giver.execute("SELECT count(*) FROM sqlite_master").fetchone()
        giver.backup(taker, pages=PAGES, progress=told)
        taker.execute("PRAGMA journal_mode = DELETE")


def _draft_connection(draft: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(draft, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # synced as a whole, once
    return connection


def _sync(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while part := file.read(_READ):
            digest.update(part)
        return file.tell(), digest.hexdigest()


def _copy_failure(exc: Exception, source: Path) -> CallsheetError:
    if code_of(exc) not in _DAMAGE and not isinstance(exc, UnicodeDecodeError):
        return write_failure(exc)
    return Damaged(
        "storage.damaged",
        f"{str(source)!r} cannot be copied: {str(exc)[:300]}",
        where=str(source),
        hint="See what is damaged: callsheet db check",
    )


def _refuse_taken(goal: Path, *, force: bool) -> None:
    if goal.is_dir():
        raise InvalidInput("storage.not_a_file", f"{str(goal)!r} is a folder", hint="Name a file in it.")
    if any(path.exists() for path in beside(goal)) or (goal.exists() and not force):
        raise _taken(goal)


def _taken(goal: Path) -> Conflict:
    return Conflict(
        "storage.file_exists",
        f"{str(goal)!r} is there already, or a log of that name is",
        where=str(goal),
        hint="Name another file; --force replaces one that is no database in use.",
    )


def _linked(draft: Path, goal: Path) -> bool:
    try:
        os.link(draft, goal)
    except FileExistsError:
        raise
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        if goal.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(goal)) from exc
        return False
    return True
