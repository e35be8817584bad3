"""A proxy in front of a model's endpoint that does to each request what endpoints do on bad days."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from functools import cache
from typing import Final

from benchmarks.models.chaos_server import Request, chunk_of, head, listening, whole

HUGE: Final = 100 * 1024 * 1024
FOR_EVER: Final = 3600.0
DRIP_S: Final = 0.05
EVENTS: Final = "text/event-stream"
Fault = Callable[["ChaosProxy", Request, asyncio.StreamWriter], Awaitable[None]]


class ChaosProxy:
    """Stands before one endpoint.

    Args:
        upstream: The endpoint's port on loopback.
        fault: Its name in `FAULTS`.
        times: How many requests it befalls, the first ones; the others pass.
    """

    def __init__(self, upstream: int, fault: str = "none", *, times: int = 1_000_000) -> None:
        self._upstream = upstream
        self.fault = fault
        self.left = times
        self.asked = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request, or do not."""
        self.asked += 1
        is_hurt = self.left > 0
        self.left -= is_hurt
        await FAULTS[self.fault if is_hurt else "none"](self, request, writer)

    async def answered(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Yield what the endpoint answers, as it comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            writer.write(request.raw)
            while part := await reader.read(4096):
                yield part
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def proxied(
    upstream: int, fault: str = "none", *, times: int = 1_000_000
) -> AsyncIterator[tuple[ChaosProxy, int]]:
    """Give a proxy and its port."""
    proxy = ChaosProxy(upstream, fault, times=times)
    async with listening(proxy) as port:
        yield proxy, port


async def _none(proxy: ChaosProxy, request: Request, writer: asyncio.StreamWriter) -> None:
    async with aclosing(proxy.answered(request)) as parts:
        async for part in parts:
            writer.write(part)
            await writer.drain()


def _status(status: int, **headers: str) -> Fault:
    async def answer(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b'{"error": {"message": "no", "type": "bad_day"}}', status, **headers))

    return answer


def _says(body: bytes, kind: str = "application/json") -> Fault:
    async def answer(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(body, kind=kind))

    return answer


async def _reset(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
    _break(writer)


async def _hang(_: ChaosProxy, __: Request, ___: asyncio.StreamWriter) -> None:
    await asyncio.sleep(FOR_EVER)


def _begins(then: Fault) -> Fault:
    """Return a fault that comes after two words of a stream."""

    async def answer(proxy: ChaosProxy, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(kind=EVENTS) + chunk_of({"role": "assistant", "content": "so "}))
        writer.write(chunk_of({"content": "far "}))
        await writer.drain()
        await then(proxy, request, writer)

    return answer


async def _end(_: ChaosProxy, __: Request, ___: asyncio.StreamWriter) -> None:
    return


async def _half(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b'data: {"id": "c", "object": "chat.completion.chunk", "choices": [{"delta": {"conte')


async def _drip(proxy: ChaosProxy, request: Request, writer: asyncio.StreamWriter) -> None:
    async with aclosing(proxy.answered(request)) as parts:
        async for part in parts:
            for byte in part:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(DRIP_S)


async def _pings(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head(kind=EVENTS))
    while True:
        writer.write(b": still here\n\n")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


def _huge(begin: bytes, part: bytes) -> Fault:
    async def answer(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        for _part in range(HUGE // len(part) + 1):
            writer.write(part)
            await writer.drain()

    return answer


@cache
def _zipped() -> bytes:
    """Return 100 MB of nothing in a few, made a piece at a time."""
    packer, piece = zlib.compressobj(9, wbits=31), bytes(1024 * 1024)
    return b"".join(packer.compress(piece) for _ in range(HUGE // len(piece))) + packer.flush()


async def _bomb(_: ChaosProxy, __: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(whole(_zipped(), content_encoding="gzip"))


def _break(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


GARBAGE: Final = random.Random(6).randbytes(5000)
FAULTS: Final[dict[str, Fault]] = {
    "none": _none,
    "429": _status(429),
    "429, wait a second": _status(429, retry_after="1"),
    "429, wait an hour": _status(429, retry_after="3600"),
    "429, wait until a date": _status(429, retry_after="Fri, 31 Dec 2099 23:59:59 GMT"),
    "500": _status(500),
    "401": _status(401),
    "reset": _reset,
    "reset in the stream": _begins(_reset),
    "hang": _hang,
    "hang in the stream": _begins(_hang),
    "cut stream": _begins(_end),
    "drip": _drip,
    "pings only": _pings,
    "garbage": _says(GARBAGE),
    "garbage as events": _says(GARBAGE, EVENTS),
    "truncated json": _says(b'{"id": "c", "choices": [{"message": {"role": "assistant", "con'),
    "truncated event": _begins(_half),
    "wrong type": _says(b"<html><body>Sign in</body></html>", "text/html"),
    "empty": _says(b""),
    "100 MB of events": _huge(head(kind=EVENTS), chunk_of({"content": "x" * 60_000})),
    "100 MB of JSON": _huge(head() + b'{"choices": [{"message": {"content": "', b"x" * 65_536),
    "100 MB in one line": _huge(head(kind=EVENTS) + b"data: ", b"x" * 65_536),
    "100 MB, zipped": _bomb,
}
"""By the name they go by in the table."""
