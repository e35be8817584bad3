"""Carry one request and its answer, or one tunnel, between the browser and a checked address."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import h11

from contracts.errors import AttemptFailed
from egress.bounds import Meter
from egress.dial import hang_up
from egress.proxy_session import Session
from egress.target import Target

MARK: Final = b"x-callsheet-door"
HEAD_BYTES: Final = 64 * 1024
LINGER_S: Final = 2.0
_CHUNK: Final = 64 * 1024
_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"host", MARK}
) | frozenset({b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"alt-svc"})

Connection = tuple[StreamReader, StreamWriter]


class Client:
    """The browser's end of one connection."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)

    async def read_request(self) -> h11.Request:
        """Return the request's head.

        Raises:
            h11.RemoteProtocolError: It is no HTTP.
        """
        event = await self._next()
        if isinstance(event, h11.Request):
            return event
        raise h11.RemoteProtocolError("no request")

    async def read_body(self, meter: Meter) -> bytes:
        """Return the request's body.

        Raises:
            AttemptFailed: `egress.too_large`.
        """
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            meter.add(len(event.data))
            body += event.data
        return bytes(body)

    async def send(self, event: h11.Event) -> None:
        """Send one part of the answer."""
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def reply(self, status: int, words: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Send an answer of the proxy's own."""
        body = f"callsheet: {words}\n".encode()
        own = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        head = h11.Response(
            status_code=status,
            headers=[*own, (b"connection", b"close"), *headers],
            reason=HTTPStatus(status).phrase.encode(),
        )
        await self.send(head)
        if self.http.our_state is h11.SEND_BODY:
            await self.send(h11.Data(data=body))
            await self.send(h11.EndOfMessage())

    async def linger(self) -> None:
        """Say that this is all, and wait a moment for the browser to have read it.

        Hanging up at once would drop what is still buffered; bytes still
        unread would turn it into a reset that swallows the answer.
        """
        if self.writer.can_write_eof() and not self.writer.is_closing():
            self.writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self.reader.read(_CHUNK):
                    pass

    async def _next(self) -> h11.Event | type[h11.PAUSED]:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(_CHUNK))
        return event  # type: ignore[return-value]  # NEED_DATA has just been ruled out


async def forward(
    client: Client, request: h11.Request, upstream: Connection, *, target: Target, session: Session
) -> None:
    """Send one plain HTTP request on and its answer back.

    Raises:
        AttemptFailed: `egress.too_large`, `egress.protocol`.
    """
    reader, writer = upstream
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    try:
        body = await client.read_body(session.sent)
        headers = [(b"host", target.authority.encode()), (b"connection", b"close")]
        headers += _end_to_end(request.headers)
        out = http.send(h11.Request(method=request.method, target=target.path, headers=headers)) or b""
        out += (http.send(h11.Data(data=body)) or b"") if body else b""
        writer.write(out + (http.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        while True:
            event = _next_of_answer(http)
            if event is h11.NEED_DATA:
                data = await reader.read(_CHUNK)
                session.received.add(len(data))
                http.receive_data(data)
            elif isinstance(event, h11.Response):
                kept = [*_end_to_end(event.headers), (b"connection", b"close")]
                await client.send(
                    h11.Response(status_code=event.status_code, headers=kept, reason=event.reason)
                )
            elif isinstance(event, h11.Data):
                await client.send(h11.Data(data=event.data))
            elif isinstance(event, h11.EndOfMessage):
                await client.send(h11.EndOfMessage())
                return
            elif not isinstance(event, h11.InformationalResponse):
                return
    finally:
        hang_up(writer)


async def tunnel(client: Client, upstream: Connection, *, session: Session) -> None:
    """Carry bytes both ways until either side ends.

    Raises:
        AttemptFailed: `egress.too_large`.
    """
    reader, writer = upstream
    try:
        await client.read_body(session.sent)
        await client.send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))
        early, _ = client.http.trailing_data
        session.sent.add(len(early))
        writer.write(early)
        ways = [
            asyncio.create_task(_pump(client.reader, writer, session.sent)),
            asyncio.create_task(_pump(reader, client.writer, session.received)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            ended = await asyncio.gather(*ways, return_exceptions=True)
        for result in ended:
            if isinstance(result, AttemptFailed):
                raise result
    finally:
        hang_up(writer)


async def _pump(reader: StreamReader, writer: StreamWriter, meter: Meter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            meter.add(len(data))
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # either side went away, as tunnels end


def _next_of_answer(http: h11.Connection) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
    try:
        return http.next_event()
    except h11.RemoteProtocolError as exc:
        raise AttemptFailed("egress.protocol", f"the answer is no HTTP: {exc}"[:300], retryable=True) from exc


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    pairs = list(headers)
    named = {t.strip().lower() for n, v in pairs if n == b"connection" for t in v.split(b",")}
    return [(n, v) for n, v in pairs if n not in _HOP and n not in named]
