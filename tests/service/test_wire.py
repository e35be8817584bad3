"""What one connection may send, piece by piece: long heads, many requests at once, none at all."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit

import pytest

from service.app import create_app
from service.wire import HEAD_BYTES
from tests.service.desk_at_hand import DeskAtHand
from tests.service.serving import served


class Sender:
    """A connection that sends what a test says."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self._at = urlsplit(url)

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        with_nobody = asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
        await with_nobody

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def head(self, *more: str, path: str = "/healthz", method: str = "GET") -> bytes:
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.host}", *more, "", ""]).encode()

    async def answers(self, count: int, ending: bytes = b'{"status":"ok"}') -> bytes:
        found = b""
        for _ in range(count):
            found += await asyncio.wait_for(self.reader.readuntil(ending), 10)
        return found

    async def rest(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(), 10)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("size", [1, 500, 30_000])
async def test_a_head_within_the_cap_is_read_in_pieces_of_any_size(desk: DeskAtHand, size: int) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        head = sender.head(f"X-Long: {'a' * 1_000}") if size == 1 else sender.head(f"X-Long: {'a' * 31_000}")
        await sender.send(*[head[i : i + size] for i in range(0, len(head), size)])
        assert (await sender.answers(1)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("part", ["url", "one header", "many headers"])
async def test_a_head_beyond_the_cap_is_hung_up_on(desk: DeskAtHand, part: str, *, is_whole: bool) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        long = "a" * (HEAD_BYTES + 1_000)
        heads = {
            "url": sender.head(path=f"/{long}"),
            "one header": sender.head(f"X: {long}"),
            "many headers": sender.head(*(f"X-{i}: {'a' * 100}" for i in range(400))),
        }
        head = heads[part] if is_whole else heads[part][:-2]
        await sender.send(*[head[i : i + 4_000] for i in range(0, len(head), 4_000)])
        answer = await sender.rest()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


async def test_requests_sent_at_once_are_answered_in_order(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        await sender.send(sender.head() * 50)
        found = await sender.answers(50)
        assert found.count(b"HTTP/1.1 200") == 50


async def test_a_large_body_before_another_head_is_no_long_head(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        body = b" " * 100_000
        head = sender.head(
            f"Content-Length: {len(body)}", "Content-Type: application/json", path="/plans", method="POST"
        )
        await sender.send(head + body + sender.head()[:20], sender.head()[20:])
        found = await sender.answers(1)
        assert found.startswith(b"HTTP/1.1 422")
        assert found.count(b"HTTP/1.1 200") == 1


async def test_empty_lines_without_end_are_hung_up_on(desk: DeskAtHand) -> None:
    async with served(create_app(desk), head_timeout_s=0.1) as url, Sender(url) as sender:
        await sender.send(sender.head())
        await sender.answers(1)
        await sender.send(b"\r\n")
        assert await sender.rest() == b""


async def test_what_is_no_http_is_answered_400(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        await sender.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert (await sender.rest()).startswith(b"HTTP/1.1 400")


async def test_a_web_socket_is_not_opened(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, Sender(url) as sender:
        await sender.send(
            sender.head(
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: eA==",
            )
        )
        assert not (await sender.answers(1)).startswith(b"HTTP/1.1 101")


async def test_one_connection_too_many_is_answered_503(desk: DeskAtHand) -> None:
    async with served(create_app(desk), connections=16) as url:
        held = [await Sender(url).__aenter__() for _ in range(16)]
        for each in held[:15]:
            await each.send(each.head()[:-2])
        await held[-1].send(held[-1].head())
        assert (await held[-1].reader.readline()).startswith(b"HTTP/1.1 503")
        for each in held:
            await each.__aexit__()
