from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from contracts.run import RunState
from service.app import create_app
from service.settings import load_settings
from storage.statement import Statement
from tests.service.desk_at_hand import DeskAtHand
from tests.service.listening import Ears
from tests.service.serving import served

PATH = "/objectives/r1/events"


@pytest.fixture
async def listen() -> AsyncIterator[Ears]:
    ears = Ears()
    yield ears
    await ears.close()


@asynccontextmanager
async def listening(desk: DeskAtHand, **server: Any) -> AsyncIterator[str]:
    """Serve a desk that has a run under way."""
    desk.keep_run("r1", state=RunState.RUNNING)
    async with served(create_app(desk), **server) as url:
        yield url


async def test_a_stream_tells_every_event_as_it_happens(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        stream = await listen(url, PATH)
        assert (stream.status, await stream.numbers(1)) == (200, [1])
        assert b"content-type: text/event-stream" in stream.headers
        desk.scripted.tell("r1", "running", by="a test")
        (event,) = await stream.events(1)
        assert event == {"event_id": 2, "kind": "running", "at_ms": event["at_ms"], "body": {"by": "a test"}}
        stream.close()


async def test_a_stream_ends_after_the_event_that_ends_the_run(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        stream = await listen(url, PATH)
        assert await stream.numbers(1) == [1]
        desk.scripted.end(desk.runs.get("r1"))
        assert [e["kind"] for e in await stream.events(5)] == ["succeeded"]
        later = await listen(url, PATH)
        assert [e["kind"] for e in await later.events(5)] == ["queued", "succeeded"]


@pytest.mark.parametrize(("path", "headers"), [(f"{PATH}?after=2", ()), (PATH, ("Last-Event-ID: 2",))])
async def test_who_has_the_last_event_of_an_ended_run_is_told_not_to_return(
    desk: DeskAtHand, listen: Ears, *, path: str, headers: tuple[str, ...]
) -> None:
    async with listening(desk) as url:
        desk.scripted.end(desk.runs.get("r1"))
        stream = await listen(url, path, *headers)
        assert stream.status == 204


async def test_the_header_of_a_reconnect_goes_before_the_query(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        for _ in range(4):
            desk.scripted.tell("r1", "running")
        stream = await listen(url, f"{PATH}?after=1", "Last-Event-ID: 3")
        assert await stream.numbers(2) == [4, 5]
        stream.close()


async def test_a_run_that_is_over_and_whose_kept_events_name_no_end_is_told_to_be_damaged(
    desk: DeskAtHand,
) -> None:
    desk.keep_run("old", state=RunState.FAILED)
    desk.database.commit([Statement("DELETE FROM event WHERE kind = 'failed'")]).result()
    async with served(create_app(desk)) as url, httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/objectives/old/events")
    assert (answer.status_code, answer.json()["code"]) == (500, "storage.damaged")


async def test_readers_who_come_and_go_miss_nothing_and_hear_nothing_twice(
    desk: DeskAtHand, listen: Ears
) -> None:
    async with listening(desk) as url:

        async def read(seed: int) -> list[int]:
            seen: list[int] = []
            while not seen or seen[-1] < 300:
                last = (f"Last-Event-ID: {seen[-1]}",) if seen else ()
                stream = await listen(url, PATH, *last)
                seen += await stream.numbers(1 + (seed + len(seen)) % 17)
                stream.close()
            return seen

        readers = [asyncio.ensure_future(read(seed)) for seed in range(20)]
        for number in range(2, 300):
            desk.scripted.tell("r1", "running")
            if number % 20 == 0:
                await asyncio.sleep(0)
        desk.scripted.end(desk.runs.get("r1"))
        for found in await asyncio.gather(*readers):
            assert found == list(range(1, 301))


async def test_a_thousand_events_are_read_once_for_fifty_readers(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        for _ in range(999):
            desk.scripted.tell("r1", "running")
        found = await asyncio.gather(*[listen(url, PATH) for _ in range(50)])
        for stream in found:
            assert await stream.numbers(1000) == list(range(1, 1001))
            stream.close()


async def test_one_stream_too_many_is_told_to_come_back(desk: DeskAtHand, listen: Ears) -> None:
    desk.hub._most = 2
    async with listening(desk) as url:
        held = [await listen(url, PATH) for _ in range(2)]
        refused = await listen(url, PATH)
        assert refused.status == 503
        assert b"retry-after: " in refused.headers
        held[0].close()
        async with asyncio.timeout(10):
            while (stream := await listen(url, PATH)).status != 200:
                stream.close()
        for each in (held[1], stream):
            each.close()


async def test_a_silent_stream_is_kept_alive_by_comments(desk: DeskAtHand, listen: Ears) -> None:
    desk.hub.ping_s = 0.05
    async with listening(desk) as url:
        stream = await listen(url, PATH)
        assert await stream.numbers(1) == [1]
        reading = asyncio.ensure_future(stream.events(1))
        async with asyncio.timeout(10):
            while len(stream.comments) < 2:
                await asyncio.wait({reading}, timeout=0.02)
        desk.scripted.tell("r1", "running")
        assert [e["event_id"] for e in await reading] == [2]
        stream.close()


async def test_an_event_nobody_told_of_comes_with_the_next_ping(desk: DeskAtHand, listen: Ears) -> None:
    desk.hub.ping_s = 0.05
    async with listening(desk) as url:
        stream = await listen(url, PATH)
        assert await stream.numbers(1) == [1]
        desk.scripted.hub = lambda event: None  # type: ignore[assignment]  # it hears nothing
        desk.scripted.tell("r1", "running")
        assert await stream.numbers(1) == [2]
        stream.close()


async def test_a_reader_who_leaves_frees_its_place(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        stream = await listen(url, PATH)
        assert await stream.numbers(1) == [1]
        assert desk.hub._count == 1
        stream.close()
        async with asyncio.timeout(10):
            while desk.hub._count:
                await listen.pause()
        assert desk.hub._watches == {}
        assert desk.hub._newest == {}


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("?after=-1", {}, 422, "request.invalid"),
        ("?after=x", {}, 422, "request.invalid"),
        ("", {"Last-Event-ID": "x"}, 422, "request.last_event_id"),
        ("", {"Last-Event-ID": "9" * 40}, 422, "request.last_event_id"),
        ("?limit=0", {"Accept": "application/json"}, 422, "request.invalid"),
    ],
)
async def test_a_place_that_is_none_is_refused(
    client: httpx.AsyncClient,
    desk: DeskAtHand,
    *,
    query: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    answer = await client.get(PATH + query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_unknown_run_has_no_events(client: httpx.AsyncClient) -> None:
    answer = await client.get("/objectives/none/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "run.unknown")


async def test_events_come_in_pages_for_who_asks_for_json(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    desk.keep_trace("t1", "r1")
    desk.scripted.tell("r1", "running")
    seen: list[Any] = []
    after: int | None = 0
    while after is not None:
        query = {"after": after, "limit": 2}
        page = (await client.get(PATH, params=query, headers={"Accept": "application/json"})).json()
        seen += [(e["event_id"], e["kind"]) for e in page["events"]]
        after = page["next"]
    assert seen == [(1, "queued"), (2, "attempt_ended"), (3, "running")]


async def test_streams_end_in_good_order_when_the_server_does(desk: DeskAtHand, listen: Ears) -> None:
    async with listening(desk) as url:
        found = [await listen(url, PATH) for _ in range(20)]
        for stream in found:
            assert await stream.numbers(1) == [1]
    for stream in found:
        assert await stream.events(1) == []  # the last chunk came, and not a broken connection
        assert await stream.reader.read() == b""


async def test_a_page_of_another_origin_hears_nothing(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    answer = await client.get(PATH, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_the_bounds_of_streams_and_connections_are_settings(in_empty_folder: object) -> None:
    server = load_settings({"server": {"streams": 3, "connections": 20}}).server
    assert (server.streams, server.connections) == (3, 20)
