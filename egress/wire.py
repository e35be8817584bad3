"""A connection as httpcore sees it: every byte that arrives counted, every wait bounded."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from typing import Any

import httpcore
from typing_extensions import override

from egress.bounds import Counts, Deadline, Meter
from egress.dial import hang_up


class Wire(httpcore.AsyncNetworkStream):
    """One dialled connection."""

    def __init__(
        self,
        reader: StreamReader,
        writer: StreamWriter,
        *,
        meter: Meter,
        deadline: Deadline,
        counts: Counts,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._meter = meter
        self._deadline = deadline
        self._counts = counts
        self.ended = False
        """Whether the peer has said all it will."""

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with self._deadline.kept(), asyncio.timeout(timeout):
                data = await self._reader.read(max_bytes)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout(f"nothing came for {timeout} s") from exc
        except OSError as exc:
            raise httpcore.ReadError(str(exc)) from exc
        self.ended = not data
        self._counts.wire_bytes += len(data)
        self._meter.add(len(data))
        return data

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            async with self._deadline.kept(), asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()
        except TimeoutError as exc:
            raise httpcore.WriteTimeout(f"nothing was taken for {timeout} s") from exc
        except OSError as exc:
            raise httpcore.WriteError(str(exc)) from exc

    @override
    async def aclose(self) -> None:
        hang_up(self._writer)

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError("TLS begins when dialling")

    @override
    def get_extra_info(self, info: str) -> Any:
        return None


def joined_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name; a repeated one is joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
