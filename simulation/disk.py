"""A disk that keeps what was synced apart from what was only written, and forgets at will.

A power cut leaves of the unsynced writes whatever the seed says: all of them,
none, the first few, any of them, or any of their sectors. A full disk and a
failing one say so in the middle of anything.
"""

from __future__ import annotations

import random
from typing import Final, Literal

import apsw

SECTOR: Final = 512

Loss = Literal["none", "all", "tail", "some", "torn"]
LOSSES: Final[tuple[Loss, ...]] = ("none", "all", "tail", "some", "torn")

Write = tuple[int, bytes | None]
"""Where, and what; None cuts the file off there."""


def apply(content: bytearray, write: Write) -> None:
    """Do to a file's content what was asked."""
    offset, piece = write
    if piece is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(piece)] = piece


class SimFile:
    """One file: what reads see, and what a power cut cannot take."""

    __slots__ = ("content", "durable", "pending", "was_synced")

    def __init__(self, durable: bytes = b"", *, was_synced: bool = False) -> None:
        self.content = bytearray(durable)
        self.durable = bytearray(durable)
        self.pending: list[Write] = []
        self.was_synced = was_synced
        """Whether its name is on the disk, too."""

    def sync(self) -> None:
        """Put every write on the platter."""
        for write in self.pending:
            apply(self.durable, write)
        self.pending.clear()
        self.was_synced = True

    def cut(self, rng: random.Random, loss: Loss) -> None:
        """Lose power: some of the pending writes are kept, the others never were."""
        for write in _kept(self.pending, rng, loss):
            apply(self.durable, write)
        self.pending.clear()
        self.content = bytearray(self.durable)


class Disk:
    """All the files there are, and how the disk fares."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.files: dict[str, SimFile] = {}
        self.is_full = False
        self.fail_chance = 0.0
        """How often a write or sync fails."""
        self.is_dead = False
        """The power is gone: nothing reaches the files any more."""
        self.ops_left: int | None = None
        """Writes and syncs until the power goes."""
        self.ops = 0

    def write(self, file: SimFile, write: Write) -> None:
        """Write, unsynced.

        Raises:
            apsw.FullError: The file would grow on a full disk.
            apsw.IOError: The disk fails, or is without power.
        """
        if not self._step():
            return
        offset, piece = write
        if self.is_full and piece is not None and offset + len(piece) > len(file.content):
            raise apsw.FullError("the disk is full")
        apply(file.content, write)
        file.pending.append(write)

    def sync(self, file: SimFile) -> None:
        """Make every write of a file durable.

        Raises:
            apsw.IOError: The disk fails, or is without power.
        """
        if self._step():
            file.sync()

    def cut(self, loss: Loss) -> None:
        """Lose power."""
        for name, file in list(self.files.items()):
            if loss not in ("none", "tail") and not file.was_synced and self.rng.random() < 0.5:
                del self.files[name]
                continue
            file.cut(self.rng, loss)
        self.is_dead = True

    def restart(self) -> None:
        """Come back with what is durable."""
        self.is_dead = False
        self.ops_left = None

    def _step(self) -> bool:
        """Count an operation; False when nobody hears of its failure any more, for the power is gone."""
        if self.is_dead:
            return False
        self.ops += 1
        if self.ops_left is not None:
            self.ops_left -= 1
            self.is_dead = self.ops_left <= 0
        if self.is_dead or (self.fail_chance and self.rng.random() < self.fail_chance):
            raise apsw.IOError("the disk does not answer")
        return True


def _kept(pending: list[Write], rng: random.Random, loss: Loss) -> list[Write]:
    match loss:
        case "none":
            return pending
        case "all":
            return []
        case "tail":
            return pending[: rng.randint(0, len(pending))]
        case "some":
            return [write for write in pending if rng.random() < 0.5]
        case "torn":
            return [part for write in pending for part in _sectors(write) if rng.random() < 0.6]


def _sectors(write: Write) -> list[Write]:
    offset, piece = write
    if piece is None:
        return [write]
    found: list[Write] = []
    at = 0
    while at < len(piece):
        size = SECTOR - (offset + at) % SECTOR
        found.append((offset + at, piece[at : at + size]))
        at += size
    return found
