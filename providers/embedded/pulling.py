"""Bring a model here: written beside its place while its digest is taken, and put there only if that is right.

What was cut off is gone on with. What has another digest is deleted.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from contracts.errors import AttemptFailed, Conflict, Damaged, OutOfSpace
from providers.embedded.folder import CHUNK, PART_DIGITS, ModelFolder, PulledModel

MARGIN: Final = 64 * 1024 * 1024
"""Left free on the disk."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Chunks = AsyncGenerator[tuple[int, bytes], None]
OnProgress = Callable[[int, int], None]
"""Told of the bytes that are here, and of all there are."""


class Source(Protocol):
    """Where a model's bytes come from."""

    origin: str

    def read(self, *, start: int, size: int) -> Chunks:
        """Yield `(where in the file, bytes)`, from `start` on, or from 0 when it cannot begin there.

        Args:
            start: What is here already.
            size: Of the whole file.

        Raises:
            AttemptFailed: `model.pull_failed`; what was yielded stands.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be there in the end."""

    name: str
    sha256: str
    bytes: int
    ctx: int


def silent(_here: int, _all: int) -> None:
    """Tell nobody."""


async def pull(
    wanted: Wanted, source: Source, folder: ModelFolder, *, progress: OnProgress = silent
) -> PulledModel:
    """Bring a model into the folder and return it.

    Raises:
        AttemptFailed: `model.pull_failed`.
        Conflict: `model.pull_failed`, another process pulls it.
        Damaged: `model.digest_mismatch`; the file is gone.
        OutOfSpace: `model.no_space`.
        Unavailable: `model.folder`.
    """
    folder.opened()
    folder.file_of(wanted.name)  # a name that cannot be one ends here
    part = folder.path / f".{wanted.name}-{wanted.sha256[:PART_DIGITS]}.part"
    with _writing(part) as number:
        written = _Written(number, part, wanted)
        _make_room(folder.path, wanted.bytes - written.here)
        async with aclosing(source.read(start=written.here, size=wanted.bytes)) as chunks:
            async for at, chunk in chunks:
                written.add(at, chunk)
                progress(written.here, wanted.bytes)
        written.check()
        return folder.keep(part, name=wanted.name, sha256=wanted.sha256, ctx=wanted.ctx, origin=source.origin)


class _Written:
    """What is here of a file, and its digest so far; begins with what an earlier pull left."""

    def __init__(self, number: int, part: Path, wanted: Wanted) -> None:
        self._number = number
        self._part = part
        self._wanted = wanted
        self._digest = hashlib.sha256()
        self.here = 0
        if os.fstat(number).st_size > wanted.bytes:
            os.ftruncate(number, 0)
        while found := os.pread(number, CHUNK, self.here):
            self._digest.update(found)
            self.here += len(found)

    def add(self, at: int, chunk: bytes) -> None:
        """Write what came; at 0 the file begins anew."""
        if at == 0 and self.here:
            self._digest, self.here = hashlib.sha256(), 0
            os.ftruncate(self._number, 0)
        if at != self.here or at + len(chunk) > self._wanted.bytes:
            raise self._wrong(f"more than its {self._wanted.bytes} bytes came")
        _write(self._number, chunk, at)
        self._digest.update(chunk)
        self.here += len(chunk)

    def check(self) -> None:
        """Hold what came against the digest that was wanted."""
        found = self._digest.hexdigest()
        if self.here != self._wanted.bytes or found != self._wanted.sha256:
            raise self._wrong(f"{self.here} bytes came, with the digest {found[:16]}…")
        os.fsync(self._number)

    def _wrong(self, reason: str) -> Damaged:
        self._part.unlink()
        return Damaged(
            "model.digest_mismatch",
            f"what came is not the model {self._wanted.name!r}: {reason}; {self._wanted.sha256[:16]}… was wanted",
            hint="Pull it from its publisher; if that gives the same, it is no longer the file that was checked.",
        )


@contextmanager
def _writing(part: Path) -> Iterator[int]:
    number = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another process may have put it in its place just before it was locked.
            is_part = part.exists() and os.path.samestat(os.fstat(number), part.stat())
        except (BlockingIOError, FileNotFoundError):
            is_part = False
        if not is_part:
            raise Conflict(
                "model.pull_failed", "another process pulls this model", hint="Wait until it is done."
            )
        yield number
    finally:
        os.close(number)


def _make_room(folder: Path, more: int) -> None:
    free = shutil.disk_usage(folder).free
    if more + MARGIN > free:
        raise _no_space(f"{more} more bytes are needed and {free} are free")


def _write(number: int, chunk: bytes, at: int) -> None:
    left = memoryview(chunk)
    try:
        while left:
            written = os.pwrite(number, left, at)
            left, at = left[written:], at + written
    except OSError as exc:
        if exc.errno in _FULL:
            raise _no_space("the disk became full") from exc
        raise AttemptFailed("model.pull_failed", f"the model cannot be written: {exc.strerror}") from exc


def _no_space(reason: str) -> OutOfSpace:
    return OutOfSpace(
        "model.no_space",
        f"there is no room for the model: {reason}",
        hint="Make room, or give `embedded.folder` a folder on another disk.",
    )
