"""What really happened, kept outside the service: two files that are only appended to, one `write` a line.

What a process had written to them before `kill -9` stays: the kernel has it.
`Chronicle` tells which bodies ran; `Ledger` is the outer world an effectful
agent changes, one line an effect, and it never looks twice at a key.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

CHRONICLE: Final = "chronicle.log"
LEDGER: Final = "ledger.log"

Place = tuple[str, str]
"""A run's id and a subtask's (with `#n` for an element)."""


class Note(NamedTuple):
    """One line: a body began or ended."""

    kind: Literal["started", "finished"]
    run_id: str
    subtask: str
    attempt: int
    life: int
    """Which start of the service it was, from 1."""
    at_s: float
    """By the machine's monotonic clock, the same in every process."""
    key: str
    """The idempotency key the body was given."""
    offset: int
    """Of the line in the file."""

    @property
    def place(self) -> Place:
        """Where it happened."""
        return self.run_id, self.subtask


class Chronicle:
    """Appends to the chronicle of a folder."""

    def __init__(self, folder: Path, life: int) -> None:
        self._file = os.open(folder / CHRONICLE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._life = life

    def note(self, kind: Literal["started", "finished"], place: Place, *, attempt: int, key: str) -> None:
        """Write one line."""
        words = (kind, *place, attempt, self._life, f"{time.monotonic():.6f}", key or "-")
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


class Ledger:
    """Appends to the ledger of a folder, and looks keys up in it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEDGER
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def pay(self, place: Place, key: str) -> None:
        """Let the effect happen, however often it did before."""
        os.write(self._file, f"{key} {place[0]} {place[1]}\n".encode())

    def knows(self, key: str) -> bool:
        """Say whether an effect with this key happened."""
        return any(found == key for found, _ in read_ledger(self._path.parent))


def read_chronicle(folder: Path, *, after: int = 0) -> Iterator[Note]:
    """Yield every whole line from an offset on."""
    path = folder / CHRONICLE
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(after)
        offset = after
        for line in file:
            if not line.endswith(b"\n"):
                return
            kind, run_id, subtask, attempt, life, at_s, key = line.decode().split()
            is_start: Literal["started", "finished"] = "started" if kind == "started" else "finished"
            yield Note(is_start, run_id, subtask, int(attempt), int(life), float(at_s), key, offset)
            offset += len(line)


def read_ledger(folder: Path) -> list[tuple[str, Place]]:
    """Return each effect's key and place, in order."""
    path = folder / LEDGER
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    words = [line.split() for line in lines]
    return [(key, (run_id, subtask)) for key, run_id, subtask in words]


def effects_by_place(folder: Path) -> dict[Place, int]:
    """Return how many effects each place had."""
    found: dict[Place, int] = defaultdict(int)
    for _, place in read_ledger(folder):
        found[place] += 1
    return dict(found)


def chronicle_size(folder: Path) -> int:
    """Return where the next line will stand, at the least."""
    path = folder / CHRONICLE
    return path.stat().st_size if path.exists() else 0
