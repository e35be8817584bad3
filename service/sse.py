"""Server-sent events as they come off the wire: lines in pieces, comments and unknown fields passed over.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.errors import Unavailable

MAX_EVENT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """One event of a stream."""

    id: str
    """The last id the stream named; empty where it named none."""
    data: str


class SseReader:
    """Takes bytes in pieces of any size, gives whole events."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._id = ""
        self._lines: list[str] = []

    def feed(self, piece: bytes) -> list[Sent]:
        """Return the events that this piece made whole.

        Raises:
            Unavailable: `server.bad_stream`, an event is larger than what is read.
        """
        self._rest += piece
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        found = [sent for line in lines if (sent := self._line(line.rstrip(b"\r"))) is not None]
        if len(self._rest) + sum(map(len, self._lines)) > MAX_EVENT_BYTES:
            raise Unavailable("server.bad_stream", f"an event is larger than {MAX_EVENT_BYTES} bytes")
        return found

    def _line(self, raw: bytes) -> Sent | None:
        if not raw:
            lines, self._lines = self._lines, []
            return Sent(self._id, "\n".join(lines)) if lines else None
        name, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._lines.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None
