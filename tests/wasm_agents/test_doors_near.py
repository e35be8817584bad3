"""Clock, chance and models, what no operation is called, and what goes wrong within: all of it answered in-band."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.wasm_agents.doorway import AT_US, Chat, Doorway, http
from wasm_agents.doors.outside import Outside
from wasm_agents.doors.world_door import WorldDoor
from wasm_agents.grants import Granted, LlmRule
from wasm_agents.recorder import HostCall
from wasm_agents.surroundings import Surroundings

HELLO = [{"role": "user", "content": "hello"}]
LLM = Granted(llm=(LlmRule(("default", "small"), 50),))


async def test_time_begins_at_the_runs_own_and_moves_as_it_is_looked_at() -> None:
    door = Doorway()
    first, second = await door.ok("time.now"), await door.ok("time.now")
    assert first["unix_ms"] == AT_US // 1000
    assert first["iso"].startswith("2025-11-21T04:40:00.123")
    assert first["iso"] < second["iso"]


async def test_chance_is_the_same_for_the_same_seed() -> None:
    one, two = Doorway(), Doorway()
    first = await one.ok("random.bytes", n=16)
    assert len(base64.b64decode(first["base64"])) == 16
    assert first == await two.ok("random.bytes", n=16)
    assert first != await one.ok("random.bytes", n=16)


@pytest.mark.parametrize("n", [0, 1025, -1, 1.5, "8", True, None])
async def test_random_bytes_are_bounded(n: Any) -> None:
    assert await Doorway().refusal("random.bytes", n=n) == "capability.bad_input"


async def test_a_granted_model_answers_within_its_tokens() -> None:
    chat = Chat()
    door = Doorway(LLM, Outside(chats={"default": chat}.get))
    found = await door.ok("llm.chat", messages=HELLO, max_tokens=500)
    assert found == {
        "text": "hello", "finish_reason": "stop", "model": "small-1",
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }  # fmt: skip
    assert [tokens for _, tokens in chat.asked] == [50]


@pytest.mark.parametrize(
    ("granted", "fields", "code"),
    [
        (Granted(), {"messages": HELLO}, "capability.denied"),
        (LLM, {"model": "large", "messages": HELLO}, "capability.denied"),
        (LLM, {"model": "small", "messages": HELLO}, "capability.unavailable"),
        (LLM, {}, "capability.bad_input"),
        (LLM, {"messages": []}, "capability.bad_input"),
        (LLM, {"messages": HELLO * 101}, "capability.bad_input"),
        (LLM, {"messages": [{"role": "tool", "content": "x"}]}, "capability.bad_input"),
        (LLM, {"messages": [{"role": "user", "content": 1}]}, "capability.bad_input"),
        (LLM, {"messages": [{"role": "user", "content": "x", "name": "y"}]}, "capability.bad_input"),
        (LLM, {"messages": [{"role": "user", "content": "x" * 300_000}]}, "capability.bad_input"),
        (LLM, {"messages": HELLO, "max_tokens": 0}, "capability.bad_input"),
    ],
)
async def test_a_model_is_refused_exactly(granted: Granted, fields: dict[str, Any], code: str) -> None:
    door = Doorway(granted, Outside(chats={"default": Chat()}.get))
    assert await door.refusal("llm.chat", **fields) == code


async def test_without_any_model_a_granted_one_is_unavailable() -> None:
    assert await Doorway(LLM).refusal("llm.chat", messages=HELLO) == "capability.unavailable"


@pytest.mark.parametrize(
    "op", ["", "http", "http.request ", "HTTP.request", "secrets.get", "x" * 500, "\ufffd"]
)
async def test_an_operation_nobody_knows_names_those_there_are(op: str) -> None:
    envelope = await Doorway().ask(op)
    assert envelope["error"]["code"] == "capability.unknown_op"
    assert "kv.get" in envelope["error"]["message"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"a":1,"a":2}',
        b"NaN",
        b'{"x":' * 200,
        "{}".encode("utf-16"),
        b'{"n":1e999}',
    ],
)
async def test_an_input_that_is_no_object_is_refused(raw: bytes) -> None:
    answer = json.loads(await Doorway().doors.serve("time.now", raw))
    assert answer["error"]["code"] == "capability.bad_input"


async def test_no_input_at_all_counts_as_an_empty_object() -> None:
    assert b'"ok"' in await Doorway().doors.serve("time.now", b"")


class Broken:
    """A network with a defect."""

    async def fetch(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("a defect that names /internal/paths")


async def test_a_defect_of_ours_is_told_in_band_and_recorded() -> None:
    door = Doorway(http("http://127.0.0.1:80/"), Outside(fetch=Broken()))
    envelope = await door.ask("http.request", url="http://127.0.0.1/")
    assert envelope["error"]["code"] == "host.internal"
    assert "internal/paths" not in envelope["error"]["message"]
    assert len(door.recorder.calls) == 1


class Endless:
    """A network that never answers."""

    async def fetch(self, *_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()


async def test_being_cancelled_is_the_one_thing_that_is_raised() -> None:
    door = Doorway(http("http://127.0.0.1:80/"), Outside(fetch=Endless()))
    task = asyncio.ensure_future(door.ask("http.request", url="http://127.0.0.1/"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert door.recorder.calls == []


async def test_every_call_is_recorded_in_order_with_its_bytes() -> None:
    door = Doorway()
    gave = [await door.doors.serve(op, b"{}") for op in ("time.now", "none.such")]
    assert door.recorder.calls == [
        HostCall("time.now", b"{}", gave[0]),
        HostCall("none.such", b"{}", gave[1]),
    ]
    assert door.doors.spent() == {"host_calls": 2}


@pytest.mark.parametrize(
    ("op", "most"),
    [
        ("time.now", 65_536),
        ("random.bytes", 65_536),
        ("kv.get", 65_536),
        ("kv.put", 524_288),
        ("llm.chat", 2_097_152),
    ],
)
async def test_an_input_is_refused_unread_where_no_such_one_can_be_right(op: str, most: int) -> None:
    answer = json.loads(await Doorway(LLM).doors.serve(op, b"[" + b"0," * (most // 2) + b"0]"))
    assert answer["error"]["code"] == "capability.bad_input"
    assert f"at most {most} are read" in answer["error"]["message"]


async def test_a_guest_that_sleeps_past_the_calendar_is_told_its_last_day() -> None:
    world = Surroundings(now_ns=253_402_300_799 * 10**9)
    world.sleep(2**64 - 1)
    told = await WorldDoor(world).now(b"")
    assert isinstance(told, dict)
    assert str(told["iso"]).startswith("9999-12-31T23:59:59")
