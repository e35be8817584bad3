"""Read a binary forwards, number by number, and never past an end; whatever the bytes say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contracts.errors import InvalidInput

MAX_WORD: Final = 200
"""Letters of a name that are told."""


class Reader:
    """A place in some bytes, and where they end.

    Every method raises `InvalidInput` (`load.malformed`) where the bytes end too soon.

    Args:
        raw: The bytes.
        at: Where to begin.
        end: Where they end; None for all of them.

    Attributes:
        at: The place of what is read next.
    """

    __slots__ = ("at", "end", "raw")

    def __init__(self, raw: bytes, at: int = 0, end: int | None = None) -> None:
        self.raw = raw
        self.at = at
        self.end = len(raw) if end is None else end

    def byte(self) -> int:
        """Return the next byte."""
        if self.at >= self.end:
            raise malformed(self.at)
        self.at += 1
        return self.raw[self.at - 1]

    def u32(self) -> int:
        """Return the LEB128 number that comes next."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise malformed(self.at)

    def leb(self) -> None:
        """Pass over a number of any width."""
        for _ in range(10):
            if self.byte() < 0x80:
                return
        raise malformed(self.at)

    def part(self) -> Reader:
        """Return what a length says comes next."""
        size = self.u32()
        if size > self.end - self.at:
            raise malformed(self.at)
        self.at += size
        return Reader(self.raw, self.at - size, self.at)

    def text(self) -> str:
        """Return the name that comes next, cut where it is long."""
        part = self.part()
        raw = self.raw[part.at : min(part.end, part.at + 4 * MAX_WORD)]
        text = raw.decode("utf-8", "replace")
        is_whole = len(text) <= MAX_WORD and part.end - part.at <= len(raw)
        return text if is_whole else text[: MAX_WORD - 1] + "…"

    def sections(self) -> Iterator[tuple[int, Reader]]:
        """Yield each section's number and content."""
        while self.at < self.end:
            number = self.byte()
            yield number, self.part()


def malformed(at: int) -> InvalidInput:
    """Return the error of bytes that end too soon."""
    return InvalidInput("load.malformed", f"a section, a name or a length does not end, near byte {at}")
