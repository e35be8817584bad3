"""How the server ends: nobody who asked goes without an answer."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx

from contracts.errors import Unavailable
from contracts.run import RunState
from service.app import create_app
from tests.service.desk_at_hand import DeskAtHand
from tests.service.serving import served

BODY = {"objective": "x"}


async def test_a_request_under_way_is_answered_before_the_server_ends(desk: DeskAtHand) -> None:
    desk.scripted.gate.clear()
    async with httpx.AsyncClient() as client:
        async with served(create_app(desk), drain=desk.drain) as url:
            asked = asyncio.ensure_future(client.post(f"{url}/objectives", json=BODY))
            await desk.scripted.asked.wait()
            asyncio.get_running_loop().call_later(0.3, desk.scripted.gate.set)
        answer = await asked
    assert answer.status_code == 202
    assert answer.headers["connection"] == "close"
    assert desk.runs.get(answer.json()["run_id"]).state is RunState.QUEUED
    assert desk.scripted.drains == 1


async def test_who_kept_a_connection_may_send_once_more_and_is_told_to_close(desk: DeskAtHand) -> None:
    app = create_app(desk)
    drained = asyncio.Event()

    async def drain() -> None:
        drained.set()

    async with served(app, drain=drain) as url:
        at = urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        ask = f"GET /readyz HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
        writer.write(ask)
        first = await reader.readuntil(b"}}")
        late = asyncio.ensure_future(_after(app.state.closing, writer, ask))
    await late
    second = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b"connection: close" not in first.lower()
    assert second.startswith(b"HTTP/1.1 503")
    assert b"engine.draining" in second
    assert b"connection: close" in second.lower()
    assert drained.is_set()


async def _after(closing: asyncio.Event, writer: asyncio.StreamWriter, ask: bytes) -> None:
    await closing.wait()
    writer.write(ask)


async def test_requests_sent_while_the_server_ends_are_answered_or_not_connected(desk: DeskAtHand) -> None:
    taken: list[str] = []
    dropped: list[str] = []
    refused: list[str] = []

    async def feed(url: str) -> None:
        async with httpx.AsyncClient() as client:
            while not refused:
                try:
                    answer = await client.post(f"{url}/objectives", json=BODY)
                except httpx.ConnectError:
                    refused.append("no connection")
                except httpx.TransportError as exc:
                    dropped.append(repr(exc))
                    return
                else:
                    taken.extend([answer.json()["run_id"]] if answer.status_code == 202 else [])

    async with served(create_app(desk), drain=desk.drain) as url:
        feeders = [asyncio.ensure_future(feed(url)) for _ in range(8)]
        while len(taken) < 40:
            await asyncio.wait(feeders, timeout=0.01)
    await asyncio.gather(*feeders)
    assert dropped == []
    assert len(set(taken)) == len(taken)
    for run_id in taken:
        assert desk.runs.get(run_id).run_id == run_id


async def test_a_stopping_engine_is_said_with_when_to_come_back(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.scripted.refusal = Unavailable("engine.draining", "the service is stopping")
    desk.is_draining = True
    answer = await client.post("/objectives", json=BODY)
    ready = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine.draining")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert "retry-after" in answer.headers
    assert (await client.get("/objectives")).status_code == 200


async def test_draining_twice_drains_once(desk: DeskAtHand) -> None:
    await asyncio.gather(desk.drain(), desk.drain())
    assert (desk.scripted.drains, desk.is_draining) == (1, True)


async def test_an_engine_that_does_not_stop_is_left(desk: DeskAtHand) -> None:
    async def never(timeout_s: float) -> None:
        await asyncio.Event().wait()

    desk.drain_s = -0.99
    desk.scripted.drain = never  # type: ignore[method-assign]  # an engine that hangs
    async with asyncio.timeout(5):
        await desk.drain()
