"""How much of an answer an SDK may have to read at once: it puts an event together, and parses it, in one turn."""

from __future__ import annotations

import re
from typing import Final, Literal

from contracts.errors import AttemptFailed

MAX_EVENT: Final = 1024 * 1024
"""Bytes."""
MAX_WHOLE: Final = 4 * 1024 * 1024
"""Bytes of an answer that is no stream of events."""
MAX_LINES: Final = 1000
"""Of one event; SDKs join them one by one."""
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_ENDS: Final[dict[str, Literal["line", "end"]]] = {
    "application/x-ndjson": "line",
    "application/jsonl": "line",
    "application/json": "end",
    "text/html": "end",
    "text/plain": "end",
}
"""What ends an event, by media type; an empty line in any other."""


class Events:
    """Counts what came since the last event's end.

    Args:
        content_type: Of the answer.
    """

    def __init__(self, content_type: str) -> None:
        self._ends = _ENDS.get(content_type.partition(";")[0].strip().lower())
        self._bytes = 0
        self._lines = 0
        self._empty_lines = 0
        self._is_line_empty = True
        self._is_after_return = False

    def feed(self, piece: bytes) -> None:
        """Count what comes next.

        Raises:
            AttemptFailed: `egress.too_large`.
        """
        if self._ends == "end":
            self._add(len(piece), MAX_WHOLE)
            return
        if not piece:
            return
        if self._is_after_return:
            piece = piece.removeprefix(b"\n")  # the second half of a line's end that was counted
        at = 0
        for end in _LINE_END.finditer(piece):
            self._add(end.start() - at, MAX_EVENT)
            self._end_line()
            at = end.end()
        self._add(len(piece) - at, MAX_EVENT)
        self._is_after_return = piece.endswith(b"\r")

    def _add(self, count: int, most: int) -> None:
        self._bytes += count
        self._is_line_empty &= count == 0
        if self._bytes > most:
            raise _too_large(f"{most} bytes")

    def _end_line(self) -> None:
        self._lines += 1
        self._empty_lines = self._empty_lines + 1 if self._is_line_empty else 0
        if self._ends == "line" or self._is_line_empty:
            self._bytes = self._lines = 0
        if max(self._lines, self._empty_lines) > MAX_LINES:
            raise _too_large(f"{MAX_LINES} lines")
        self._is_line_empty = True


def _too_large(most: str) -> AttemptFailed:
    return AttemptFailed("egress.too_large", f"one part of the answer is larger than {most}")
