"""Who may write one database file: a lock file beside it, held for as long as its process lives.

The lock is the kernel's (`flock`), so a process that dies lets go of it; the
words in the file only say who holds it, for those who are refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from contracts.errors import Conflict
from storage.failure import open_failure

RECORD_BYTES: Final = 1024
"""The words are padded to this length, so that one write replaces them whole."""
MAX_URL_CHARS: Final = 500

_PROBES: Final = 4
_PROBE_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that writes."""

    pid: int
    """0 where the holder has not said yet."""
    url: str = ""
    """Where it takes objectives; empty when it serves nobody."""


class WriterLock:
    """The one right to write a database file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, database: Path, holder: Holder) -> Self:
        """Take the lock, or say who has it.

        Raises:
            Conflict: `storage.locked`, with the holder's pid and url.
            Unavailable: `storage.unwritable`.
        """
        path = lock_path(database)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise open_failure(exc, path) from exc
        try:
            if not _taken(descriptor, fcntl.LOCK_EX):
                raise _refusal(database, _recorded(descriptor))
            lock = cls(descriptor)
            lock.announce(holder)
        except OSError as exc:
            os.close(descriptor)
            raise open_failure(exc, path) from exc
        except Conflict:
            os.close(descriptor)
            raise
        return lock

    def announce(self, holder: Holder) -> None:
        """Say who holds the lock, in place of what was said before."""
        words = json.dumps({"pid": holder.pid, "url": holder.url[:MAX_URL_CHARS]}, ensure_ascii=False)
        os.ftruncate(self._descriptor, RECORD_BYTES)
        os.pwrite(self._descriptor, words.encode("utf-8", "replace").ljust(RECORD_BYTES), 0)

    def release(self) -> None:
        """Let go; the file stays, for removing it could part two later holders."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


def lock_path(database: Path) -> Path:
    """Return where the lock of a database file lies."""
    return database.with_name(database.name + ".lock")


def read_holder(database: Path) -> Holder | None:
    """Return who writes a database file now; None when nobody does."""
    path = lock_path(Path(os.path.realpath(database)))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return None if _taken(descriptor, fcntl.LOCK_SH) else _recorded(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    # A reader that asks who writes holds a shared lock for some microseconds,
    # so the first refusal may not be a writer's.
    for attempt in range(_PROBES if kind == fcntl.LOCK_EX else 1):
        if attempt:
            time.sleep(_PROBE_S)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _recorded(descriptor: int) -> Holder:
    try:
        found = json.loads(os.pread(descriptor, RECORD_BYTES, 0).rstrip(b" \0"))
        return Holder(pid=int(found["pid"]), url=str(found["url"])[:MAX_URL_CHARS])
    except (OSError, ValueError, TypeError, KeyError):
        return Holder(pid=0)


def _refusal(database: Path, holder: Holder) -> Conflict:
    serves = f", which serves {holder.url!r}" if holder.url else ""
    return Conflict(
        "storage.locked",
        f"{str(database)!r} is being written by process {holder.pid or 'unknown'}{serves}",
        where=str(database),
        hint=f"Send the objective to {holder.url}, or end that process."
        if holder.url
        else "Wait for that process to end, or name another database.",
        data={"pid": holder.pid or None, "url": holder.url},
    )
