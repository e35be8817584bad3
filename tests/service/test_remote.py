from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import CallsheetError, Conflict, InvalidPlan, NotFound, OutOfSpace, Refused, Unavailable
from contracts.plan import load_plan
from contracts.run import RunState
from egress.fetch import Egress
from service.orders import Terms
from service.remote import Server, refusal, server_url
from service.run_task import Task
from service.run_there import go_on_there, run_there
from service.settings import Settings, load_settings
from storage.database import Database, Holder
from tests.service.commands_at_hand import silent
from tests.service.desk_at_hand import KEY, NOON, PLAN

RUN = {"run_id": "r1", "objective": "find trucks", "state": "succeeded", "created_ms": NOON}


def sent(status: int, document: Any, *, kind: str = "application/json") -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def stream(*kinds: str) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    lines = [{"event_id": n, "kind": k, "at_ms": NOON, "body": {}} for n, k in enumerate(kinds, 1)]
    return head + b"".join(f"id: {line['event_id']}\ndata: {json.dumps(line)}\n\n".encode() for line in lines)


class Scripted:
    """Answers each request as it was told to, by its first line; keeps heads and bodies."""

    def __init__(self, answers: dict[str, list[bytes]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        name = first.removesuffix(" HTTP/1.1")
        self.asked.append((name, headers, body))
        answers = self.answers[name]
        writer.write(answers.pop(0) if len(answers) > 1 else answers[0])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def scripted(folder: Path, **answers: list[bytes]) -> AsyncIterator[tuple[Scripted, Settings]]:
    """Serve, and hold a database in a server's name."""
    names = {"post": "POST /objectives", "run": "GET /objectives/r1", "events": "GET /objectives/r1/events"}
    script = Scripted({names.get(name, name): given for name, given in answers.items()})
    path = folder / "callsheet.db"
    async with await asyncio.start_server(script.serve, "127.0.0.1", 0) as server:
        script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with Database.open(path, holder=Holder(1, script.url)):
            yield script, load_settings({"storage": {"path": path}, "server": {"api_key": KEY}})


def task(**more: Any) -> Task:
    return Task(
        **{"objective": "find trucks", "plan": None, "inputs": {}, "grants": (), "terms": Terms(), **more}
    )


@pytest.mark.parametrize(
    ("status", "kind", "exit_code"),
    [
        (401, Refused, 4), (404, NotFound, 7), (409, Conflict, 5), (412, Conflict, 5), (503, Unavailable, 5),
        (507, OutOfSpace, 5), (500, CallsheetError, 1),
    ],
)  # fmt: skip
def test_a_refusal_is_the_error_it_was_made_from(
    status: int, kind: type[CallsheetError], exit_code: int
) -> None:
    found = refusal({"code": "a.b", "detail": "no", "hint": "do", "where": "there"}, status)
    assert type(found) is kind
    assert (found.code, found.message, found.hint, found.where) == ("a.b", "no", "do", "there")
    assert found.exit_code == exit_code


def test_every_reason_of_a_refusal_is_kept() -> None:
    found = refusal({"code": "a.b", "errors": [{"pointer": "/x", "message": "m"}, {"detail": "n"}]}, 422)
    assert isinstance(found, InvalidPlan)
    assert [(p.code, p.pointer, p.message) for p in found.problems] == [("a.b", "/x", "m"), ("a.b", "", "n")]


@pytest.mark.parametrize("document", [[], "x", None, {}])
def test_a_refusal_that_says_nothing_is_one_all_the_same(document: Any) -> None:
    assert refusal(document, 500).code == "server.refused"


async def test_what_is_no_answer_is_told_as_unreachable(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=[sent(200, b"<html>")]) as (script, settings), Egress() as egress:
        with pytest.raises(Unavailable) as raised:
            await Server(egress, settings, script.url).ask("GET", "/objectives/r1")
    assert raised.value.code == "server.unreachable"
    assert script.asked[0][1]["authorization"] == f"bearer {KEY}"


async def test_a_submission_is_sent_again_under_the_same_name_until_it_is_answered(tmp_path: Path) -> None:
    posts = [b"", sent(409, {"code": "request.key_in_flight"}), sent(202, {"run_id": "r1"})]
    async with scripted(
        tmp_path, post=posts, events=[stream("queued", "succeeded")], run=[sent(200, RUN)]
    ) as (
        script,
        settings,
    ):
        plan = load_plan(PLAN)
        run = await run_there(settings, task(plan=plan, terms=Terms(3, "effects", 9.5)), progress=silent())
    assert run.state is RunState.SUCCEEDED
    asked = [
        (headers["idempotency-key"], json.loads(body)) for n, headers, body in script.asked if n[0] == "P"
    ]
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]
    body = asked[0][1]
    assert (body["priority"], body["approval"], body["deadline_s"]) == (3, "effects", 9.5)
    assert body["plan"]["plan_id"] == plan.plan_id


async def test_a_submission_that_is_refused_is_not_sent_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, post=[sent(422, {"code": "plan.cycle"})]) as (script, settings):
        with pytest.raises(CallsheetError) as raised:
            await run_there(settings, task(), progress=silent())
    assert (raised.value.code, len(script.asked)) == ("plan.cycle", 1)


async def test_a_run_that_comes_to_wait_is_left_waiting(tmp_path: Path) -> None:
    waiting = {**RUN, "state": "awaiting_approval"}
    events = [stream("queued", "awaiting_approval", "approved", "running", "awaiting_approval")]
    runs = [sent(200, {**RUN, "state": "running"}), sent(200, waiting)]
    async with scripted(tmp_path, events=events, run=runs) as (script, settings):
        run = await go_on_there(settings, "r1", progress=silent())
    assert run.state is RunState.AWAITING_APPROVAL
    assert len([name for name, *_ in script.asked if name == "GET /objectives/r1"]) == 2


async def test_an_interrupt_cancels_the_run_on_the_server(tmp_path: Path) -> None:
    answers: dict[str, list[bytes]] = {
        "GET /objectives/r1/events": [stream("queued", "running")],
        "POST /objectives/r1/cancel": [sent(202, RUN)],
    }
    async with scripted(tmp_path, **answers) as (script, settings):
        going = asyncio.create_task(go_on_there(settings, "r1", progress=silent()))
        while not script.asked:
            await asyncio.wait({going}, timeout=0.01)
        going.cancel()
        await asyncio.wait({going})
    assert going.cancelled()
    assert script.asked[-1][0] == "POST /objectives/r1/cancel"


def test_a_database_nobody_serves_has_no_address(tmp_path: Path) -> None:
    settings = load_settings({"storage": {"path": tmp_path / "callsheet.db"}})
    assert server_url(settings) == ""
    with Database.open(tmp_path / "callsheet.db"):
        assert server_url(settings) == ""
