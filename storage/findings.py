"""What is wrong with a database file: each damaged thing by its table and key, at most so many of them."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.errors import Damaged

UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises: the words of SQLite's own complaint may be damaged as well."""
MAX_TEXT: Final = 300
"""Characters of a key or a message."""

Progress = Callable[[str, int, int], None]
"""Told now and then: what is looked at, how much of it is done, how much there is (0: not known)."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written."""

    table: str
    """`file` for what belongs to no table."""
    key: str
    """Names the row; empty for a whole table."""
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    path: Path
    version: int
    """Of the file's shape; 0 where it could not be read."""
    rows: int
    """How many were read and held against their sums."""
    blobs: int
    count: int
    """Of everything found."""
    findings: tuple[Finding, ...]
    """The first of them."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.count

    def raise_if_damaged(self) -> None:
        """Pass a clean file.

        Raises:
            Damaged: `storage.damaged`, with the findings.
        """
        if self.is_clean:
            return
        first = self.findings[0]
        more = f" (and {self.count - 1:,} more)" if self.count > 1 else ""
        raise Damaged(
            "storage.damaged",
            f"{str(self.path)!r}: {first.table} {first.key}: {first.message}{more}",
            where=str(self.path),
            hint=f"callsheet db check --db {shlex.quote(str(self.path))} names all of it;"
            " callsheet db restore FILE puts a backup in its place.",
            data={"count": self.count, "findings": [[f.table, f.key, f.message] for f in self.findings]},
        )


@dataclass(slots=True)
class Findings:
    """Collects findings, and counts those past the limit."""

    limit: int
    kept: list[Finding] = field(default_factory=list)
    count: int = 0
    rows: int = 0
    blobs: int = 0

    def add(self, table: str, key: object, message: object) -> None:
        """Note one damaged thing."""
        self.count += 1
        if len(self.kept) < self.limit:
            self.kept.append(Finding(table, _short(key), _short(message)))

    def report(self, path: Path, version: int) -> Report:
        """Return what was found of a file."""
        return Report(path, version, self.rows, self.blobs, self.count, tuple(self.kept))


def _short(value: object) -> str:
    text = str(value)[:MAX_TEXT]
    return text if text.isprintable() else text.encode("unicode_escape").decode()[:MAX_TEXT]
