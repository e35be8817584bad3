"""A reader of event streams over a bare connection, so that nothing hides what was sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass
class Listener:
    """One stream."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    rest: bytes = b""
    comments: list[bytes] = field(default_factory=list)
    headers: bytes = b""

    @classmethod
    async def open(cls, url: str, path: str, *headers: str) -> Self:
        """Ask for a stream."""
        at = urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        lines = [f"GET {path} HTTP/1.1", f"Host: {at.netloc}", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        return cls(reader, writer, int(head.split()[1]), headers=head.lower())

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next events, at most `count`: fewer when the stream ends."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            block, separator, rest = self.rest.partition(b"\n\n")
            if separator:
                self.rest = rest
                found += self._event(block)
            elif not (piece := await self._piece()):
                break
            else:
                self.rest += piece
        return found

    async def numbers(self, count: int) -> list[int]:
        """Return the ids of the next events."""
        return [event["event_id"] for event in await self.events(count)]

    def _event(self, block: bytes) -> list[dict[str, Any]]:
        lines = dict(line.split(b": ", 1) for line in block.split(b"\n"))
        if b"" in lines:
            self.comments.append(lines[b""])
        if b"data" not in lines:
            return []
        event: dict[str, Any] = json.loads(lines[b"data"])
        assert int(lines[b"id"]) == event["event_id"]
        return [event]

    async def _piece(self) -> bytes:
        size = int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 10), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    def close(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


class Ears:
    """Opens streams, and closes at the end whichever are open still."""

    def __init__(self) -> None:
        self._opened: list[Listener] = []

    async def __call__(self, url: str, path: str, *headers: str) -> Listener:
        """Ask for a stream."""
        found = await Listener.open(url, path, *headers)
        self._opened.append(found)
        return found

    async def pause(self) -> None:
        """Let the server take a turn."""
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Break every connection off."""
        for each in self._opened:
            each.close()
        await asyncio.gather(*(each.writer.wait_closed() for each in self._opened), return_exceptions=True)
