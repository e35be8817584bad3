from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from contracts.errors import CallsheetError, NotFound, Unavailable
from contracts.run import RunState
from egress.fetch import Egress
from service.following import PATIENCE_S, follow_file, follow_server
from service.remote import Server
from service.settings import Settings
from tests.service.desk_at_hand import DeskAtHand
from traces.events import EventLine

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
KINDS = {1: "queued", 5: "succeeded"}


class SteppingClock:
    """A clock on which only sleeping takes time."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def frame(number: int, kind: str | None = None) -> bytes:
    line = {
        "event_id": number,
        "kind": kind or KINDS.get(number, "running"),
        "at_ms": 5,
        "body": {"n": number},
    }
    return f"id: {number}\ndata: {json.dumps(line)}\n\n".encode()


def frames(*numbers: int) -> bytes:
    return HEAD + b"".join(map(frame, numbers))


def problem(status: int, code: str) -> bytes:
    body = json.dumps({"code": code, "detail": "no such run", "hint": "look"}).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Wire:
    """Answers one connection after another as it was told, then hangs up; keeps what it was asked for."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked += [
            line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("last-event-id")
        ]
        writer.write(self.answers.pop(0) if self.answers else problem(503, "engine.draining"))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def wired(*answers: bytes) -> AsyncIterator[Wire]:
    wire = Wire(answers)
    async with await asyncio.start_server(wire.serve, "127.0.0.1", 0) as server:
        wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield wire


async def followed(find: Callable[[], str], settings: Settings, *, after: int = 0) -> list[int]:
    async with Egress() as egress:
        found = follow_server(
            lambda: Server(egress, settings, find()) if find() else None,
            "r1",
            after=after,
            clock=SteppingClock(),
        )
        return [line.event_id async for line in found]


async def test_a_broken_connection_costs_no_event_and_doubles_none(settings: Settings) -> None:
    cut = frames(3, 4)[:-9]
    async with wired(frames(1, 2), cut, frames(3, 4), frames(4, 5)) as wire:
        assert await followed(lambda: wire.url, settings) == [1, 2, 3, 4, 5]
        assert wire.asked == ["0", "2", "3", "4"]


async def test_what_was_heard_before_is_not_asked_for_again(settings: Settings) -> None:
    async with wired(frames(4, 5)) as wire:
        assert await followed(lambda: wire.url, settings, after=3) == [4, 5]
        assert wire.asked == ["3"]


async def test_a_gap_is_filled_before_anything_behind_it_is_told(settings: Settings) -> None:
    async with wired(frames(1, 3), frames(2, 3, 4, 5)) as wire:
        assert await followed(lambda: wire.url, settings) == [1, 2, 3, 4, 5]


async def test_a_gap_that_stays_is_an_error_and_not_an_endless_wait(settings: Settings) -> None:
    async with wired(*[frames(2, 3)] * 20) as wire:
        with pytest.raises(Unavailable) as raised:
            await followed(lambda: wire.url, settings)
    assert raised.value.code == "server.bad_stream"


async def test_a_server_started_again_elsewhere_is_found(settings: Settings) -> None:
    async with wired(frames(1, 2)) as old, wired(frames(3, 4, 5)) as new:
        assert await followed(lambda: old.url if old.answers else new.url, settings) == [1, 2, 3, 4, 5]


async def test_a_server_that_stays_away_is_given_up_after_a_while(settings: Settings) -> None:
    clock = SteppingClock()
    with pytest.raises(Unavailable) as raised:
        async for _ in follow_server(lambda: None, "r1", after=0, clock=clock):
            pass
    assert raised.value.code == "server.unreachable"
    assert clock.at >= PATIENCE_S


async def test_a_run_without_more_events_is_over(settings: Settings) -> None:
    async with wired(b"HTTP/1.1 204 No Content\r\n\r\n") as wire:
        assert await followed(lambda: wire.url, settings, after=5) == []


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (problem(404, "run.unknown"), "run.unknown", NotFound),
        (problem(401, "request.unauthenticated"), "request.unauthenticated", CallsheetError),
        (HEAD + b"data: nonsense\n\n", "server.bad_stream", Unavailable),
        (HEAD + b'data: {"event_id": 1}\n\n', "server.bad_stream", Unavailable),
        (HEAD + b"data: [1]\n\n", "server.bad_stream", Unavailable),
    ],
)
async def test_what_cannot_be_followed_is_said_at_once(
    settings: Settings, answer: bytes, code: str, kind: type[CallsheetError]
) -> None:
    async with wired(answer) as wire:
        with pytest.raises(kind) as raised:
            await followed(lambda: wire.url, settings)
    assert raised.value.code == code


def look(desk: DeskAtHand, *, is_held: Callable[[], bool], after: int = 0) -> AsyncGenerator[EventLine]:
    return follow_file(
        desk.events,
        "r1",
        after=after,
        clock=SteppingClock(),
        is_over=lambda: desk.runs.get("r1").state.is_final,
        is_held=is_held,
    )


async def test_a_file_is_followed_while_somebody_writes_it(desk: DeskAtHand) -> None:
    run = desk.keep_run("r1", state=RunState.RUNNING)
    seen: list[int] = []
    async for line in look(desk, is_held=lambda: True):
        seen.append(line.event_id)
        if len(seen) < 4:
            desk.keep_trace(f"t{len(seen)}", "r1")
        elif len(seen) == 4:
            desk.scripted.end(run)
    assert seen == [1, 2, 3, 4, 5]


async def test_what_was_written_last_is_told_before_it_is_said_that_nobody_writes(desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    answers = [True, False, False]

    def is_held() -> bool:
        if len(answers) == 2:  # what its process wrote last
            desk.keep_trace("t1", "r1")
        return answers.pop(0)

    seen: list[int] = []
    with pytest.raises(Unavailable) as raised:
        await hand_on(look(desk, is_held=is_held), seen.append)
    assert seen == [1, 2]
    assert raised.value.code == "run.unattended"
    assert "callsheet run --resume r1" in raised.value.hint


async def test_a_file_without_more_of_a_run_that_is_over_ends(desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    assert [line async for line in look(desk, is_held=lambda: False, after=2)] == []


async def hand_on(lines: AsyncGenerator[EventLine], note: Callable[[int], None]) -> None:
    async for line in lines:
        note(line.event_id)
