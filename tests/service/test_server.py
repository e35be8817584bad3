from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from contracts.errors import Conflict, Refused, Unavailable
from service.app import create_app
from service.listener import accept_all, address_of, listen, refuse_new
from service.server import serve
from service.settings import ServerSettings, load_settings
from tests.service.desk_at_hand import DeskAtHand
from tests.service.serving import served


def nobody(url: str) -> None:
    """Take no notice."""


async def raw(url: str, head: bytes) -> bytes:
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        writer.write(head)
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def test_it_serves_on_a_free_port_and_says_where(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/healthz")
    assert answer.json() == {"status": "ok"}
    assert "server" not in answer.headers


async def test_a_port_in_use_is_said_with_the_way_out(desk: DeskAtHand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = load_settings({"server": {"port": taken.getsockname()[1]}})
        with pytest.raises(Conflict) as raised:
            await serve(create_app(desk), settings, on_started=nobody)
    assert raised.value.code == "server.port_in_use"
    assert "--port" in raised.value.hint


async def test_beyond_loopback_nothing_listens_without_a_key(desk: DeskAtHand) -> None:
    settings = load_settings({"server": {"host": "0.0.0.0", "port": 0}})
    with pytest.raises(Refused) as raised:
        await serve(create_app(desk), settings, on_started=nobody)
    assert raised.value.code == "server.key_required"


def test_an_address_that_is_not_ours_is_said(in_empty_folder: object) -> None:
    with pytest.raises(Unavailable) as raised:
        listen(ServerSettings(host="192.0.2.1", port=0))
    assert raised.value.code == "server.cannot_listen"


@pytest.mark.parametrize(("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_address_is_one_a_browser_opens(host: str, start: str) -> None:
    try:
        listening = listen(ServerSettings(host=host, port=0))
    except Unavailable:
        pytest.skip(f"this machine has no {host}")
    with listening:
        assert address_of(ServerSettings(host=host), listening).startswith(start)


async def test_a_head_beyond_the_cap_is_refused(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url:
        answer = await raw(url, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000)
    assert answer.startswith(b"HTTP/1.1 400")


async def test_a_head_that_never_ends_is_hung_up_on(desk: DeskAtHand) -> None:
    async with served(create_app(desk), head_timeout_s=0.1) as url:
        assert await raw(url, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""


async def test_a_second_head_that_never_ends_is_hung_up_on_too(desk: DeskAtHand) -> None:
    async with served(create_app(desk), head_timeout_s=0.1) as url:
        at = urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /sl")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_body_that_never_ends_is_408(desk: DeskAtHand) -> None:
    desk.settings = load_settings({"server": {"body_timeout_s": 0.1}})
    async with served(create_app(desk)) as url:
        head = f"POST /plans HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Length: 50\r\n\r\n{{"
        answer = await raw(url, head.encode())
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request.too_slow" in answer


async def test_closing_answers_whoever_waits(desk: DeskAtHand) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        async with served(create_app(desk)) as url:
            body = {"objective": "x"}
            asked = asyncio.ensure_future(
                client.post(f"{url}/objectives", json=body, headers={"Prefer": "wait=50"})
            )
            while "run1" not in desk.scripted.ended:
                await asyncio.wait({asked}, timeout=0.01)
        assert (await asked).status_code == 202


async def test_a_signal_ends_it_and_what_comes_after_still_runs(desk: DeskAtHand) -> None:
    before = signal.getsignal(signal.SIGTERM)
    settings = load_settings({"server": {"port": 0}})
    await serve(create_app(desk), settings, on_started=lambda _: os.kill(os.getpid(), signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is before


async def test_the_lifespan_is_entered_and_left(desk: DeskAtHand) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    async with served(create_app(desk, lifespan=life)):
        assert seen == ["in"]
    assert seen == ["in", "out"]


def test_whoever_connected_before_the_end_is_let_in_and_nobody_after(in_empty_folder: object) -> None:
    with listen(ServerSettings(host="127.0.0.1", port=0)) as listening:
        early = [socket.create_connection(listening.getsockname()) for _ in range(5)]
        refuse_new(listening)
        with socket.socket() as late:
            late.setblocking(False)
            late.connect_ex(listening.getsockname())
            accepted = list(accept_all(listening))
            assert {c.getpeername() for c in accepted} == {c.getsockname() for c in early}
        for each in (*early, *accepted):
            each.close()


def test_a_socket_nobody_connected_to_has_nobody_to_let_in(in_empty_folder: object) -> None:
    with listen(ServerSettings(host="127.0.0.1", port=0)) as listening:
        assert list(accept_all(listening)) == []
