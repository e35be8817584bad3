"""The events of one run as one connection gives them, in the order they arrive."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from benchmarks.chaos.wire import MAX_LINE, Gone, read_head, request_bytes


class Over(Exception):
    """There is no event after the one named, and never will be."""


class Sent(NamedTuple):
    """One event of a stream."""

    event_id: int
    """0 where the stream gave none."""
    kind: str
    body: Any


@dataclass(slots=True)
class Stream:
    """The events of one run, from one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_chunked: bool
    _rest: bytes = b""
    _lines: list[bytes] = field(default_factory=list)

    @classmethod
    async def open(cls, port: int, run_id: str, *, after: int = 0, timeout_s: float = 30) -> Self:
        """Ask for the events after one.

        Raises:
            Over: The run has ended, and `after` is its last event.
            Gone: The answer was no stream.
        """
        headers = {"accept": "text/event-stream"} | ({"last-event-id": str(after)} if after else {})
        asked = request_bytes(port, "GET", f"/objectives/{run_id}/events", body=None, headers=headers)
        writer: asyncio.StreamWriter | None = None
        status, found = 0, dict[str, str]()
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_LINE)
                writer.write(asked)
                status, found = await read_head(reader)
        except (OSError, EOFError, ValueError) as exc:
            raise Gone(f"{type(exc).__name__}: {exc}", was_sent=writer is not None) from exc
        finally:
            if status != 200 and writer is not None:
                writer.transport.abort()
        if status == 204:
            raise Over
        if status != 200:
            raise Gone(f"status {status}", was_sent=True)
        return cls(reader, writer, is_chunked=found.get("transfer-encoding", "").lower() == "chunked")

    async def next(self) -> Sent | None:
        """Return the next event; None once the server has ended the stream in good order.

        Raises:
            Gone: The connection broke.
        """
        try:
            return await self._next()
        except (OSError, EOFError, ValueError) as exc:
            raise Gone(f"{type(exc).__name__}: {exc}", was_sent=True) from exc

    def close(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()

    async def _next(self) -> Sent | None:
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                found = self._line(line.rstrip(b"\r"))
                if found is not None:
                    return found
                continue
            piece = await self._piece()
            if not piece:
                return None
            self._rest += piece

    async def _piece(self) -> bytes:
        if not self.is_chunked:
            return await self.reader.read(65536)
        size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
        piece = await self.reader.readexactly(size + 2)
        return piece[:-2]

    def _line(self, line: bytes) -> Sent | None:
        if line:
            self._lines.append(line)
            return None
        lines, self._lines = self._lines, []
        fields = {}
        for each in lines:
            name, _, value = each.partition(b":")
            fields[name] = value.removeprefix(b" ")
        if b"data" not in fields:
            return None
        document = json.loads(fields[b"data"])
        kind = fields.get(b"event", b"").decode() or document.get("kind", "")
        inner = document.get("body")
        return Sent(int(fields.get(b"id", b"0") or 0), kind, inner if isinstance(inner, dict) else document)
