"""Speak HTTP/1.1 to the service over bare sockets, so that nothing hides what becomes of a connection.

A request that gets no whole answer raises `Gone`, which says whether it had
been sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_LINE = 8 * 1024 * 1024


class Gone(Exception):
    """The connection ended before the answer was whole.

    Args:
        was_sent: Whether the request had been handed to the kernel.
        why: What the socket said.
    """

    def __init__(self, why: str, *, was_sent: bool) -> None:
        super().__init__(why)
        self.was_sent = was_sent


class Answer(NamedTuple):
    """One response, whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's stable code, empty where there is none."""
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return str(self.json.get("code", "")) if is_problem else ""


@dataclass(slots=True)
class Line:
    """One connection, kept open between requests until either side ends it."""

    port: int
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Answer:
        """Send one request and return its answer.

        Raises:
            Gone: There was none.
            TimeoutError: It took longer than `timeout_s`; the connection is closed.
        """
        was_sent = stays_open = False
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await self._connected()
                writer.write(request_bytes(self.port, method, path, body=body, headers=headers or {}))
                was_sent = True
                await writer.drain()
                answer = await read_answer(reader)
            stays_open = answer.headers.get("connection", "").lower() != "close"
        except TimeoutError:
            raise
        except (OSError, EOFError, ValueError) as exc:
            raise Gone(f"{type(exc).__name__}: {exc}", was_sent=was_sent) from exc
        finally:
            if not stays_open:
                self.close()
        return answer

    def close(self) -> None:
        """Let go of the connection; the next request makes another."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, limit=MAX_LINE)
        return self._reader, self._writer


def request_bytes(port: int, method: str, path: str, *, body: Any, headers: Mapping[str, str]) -> bytes:
    """Return a request as it goes over the wire."""
    text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}"]
    if body is not None:
        lines += ["content-type: application/json"]
    if body is not None or method != "GET":
        lines += [f"content-length: {len(text)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Return a response's status and headers."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(head[0].split(" ", 2)[1]), headers


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Return a whole response, of a known length or chunked."""
    status, headers = await read_head(reader)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        pieces = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return Answer(status, headers, b"".join(pieces))
    length = int(headers.get("content-length", "0"))
    return Answer(status, headers, await reader.readexactly(length) if length else b"")
