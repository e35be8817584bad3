"""Ollama's own client against the real service, which is not Ollama."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest

from contracts.errors import AttemptFailed, Unavailable
from service.app import VERSION
from tests.service.desk_at_hand import DeskAtHand
from tests.service.talking import Scripted, Shelf, says, talked_to

HELLO = [{"role": "user", "content": "hello"}]


@asynccontextmanager
async def theirs(model: Scripted | None) -> AsyncIterator[ollama.AsyncClient]:
    """Serve a model to a client of theirs."""
    async with talked_to(model) as door, ollama.AsyncClient(host=door.url) as client:
        yield client


@pytest.fixture(autouse=True)
def folder(in_empty_folder: Path) -> Path:
    return in_empty_folder


async def test_their_client_lists_and_chats() -> None:
    model = Scripted([says("Good morning.")])
    async with theirs(model) as client:
        listed = await client.list()
        answer = await client.chat(
            "default:latest",
            messages=HELLO,
            options={
                "temperature": 0.5,
                "seed": 7,
                "num_predict": 9,
                "num_ctx": 512,
                "stop": ["X"],
                "num_thread": 2,
            },
            keep_alive="5m",
        )
    assert [found.model for found in listed.models] == ["callsheet", "default", "default+agents"]
    assert (answer.message.role, answer.message.content) == ("assistant", "Good morning.")
    assert (answer.done, answer.done_reason, answer.prompt_eval_count, answer.eval_count) == (
        True,
        "stop",
        7,
        3,
    )
    heard = model.heard[0]
    assert (heard.max_tokens, heard.options.temperature, heard.options.seed) == (9, 0.5, 7)
    assert (heard.options.num_ctx, heard.options.stop) == (512, ("X",))


async def test_their_client_reads_a_stream_line_by_line() -> None:
    async with theirs(Scripted([says("Good morning.")])) as client:
        parts = [part async for part in await client.chat("default", messages=HELLO, stream=True)]
    assert [part.message.content for part in parts] == ["Good ", "morni", "ng.", ""]
    assert [part.done for part in parts] == [False, False, False, True]


async def test_their_client_gets_tool_calls_and_answers_them_by_name() -> None:
    def count(text: str) -> int:
        """Count words."""
        return len(text.split())

    model = Scripted([says("", ("count", '{"text": "a b"}'), ("count", "oops")), says("Two.")])
    async with theirs(model) as client:
        parts = [
            part async for part in await client.chat("default", messages=HELLO, tools=[count], stream=True)
        ]
        calls = [call for part in parts for call in part.message.tool_calls or []]
        turns: list[Any] = [*HELLO, parts[0].message]
        turns += [{"role": "tool", "tool_name": "count", "content": "2"}] * 2
        answer = await client.chat("default", messages=turns)
    assert [(c.function.name, c.function.arguments) for c in calls] == [
        ("count", {"text": "a b"}),
        ("count", {"arguments": "oops"}),
    ]
    assert answer.message.content == "Two."
    assert model.heard[0].options.tools[0].name == "count"
    _, turn, first, second = model.heard[1].messages
    assert [call.id for call in turn.tool_calls] == [first.tool_call_id, second.tool_call_id]


async def test_their_client_talks_to_agents_and_to_the_service_itself() -> None:
    model = Scripted([says("", ("wasm_echo", '{"a": 1}')), says("Done.")])
    async with theirs(model) as client:
        with_agents = await client.chat("default+agents", messages=HELLO)
        objective = [{"role": "user", "content": 'count the words in "to be or not to be"'}]
        itself = await client.chat("callsheet", messages=objective, format="json")
    assert with_agents.message.content == "Done."
    assert '"words": 6' in (itself.message.content or "")


async def test_their_client_is_told_what_went_wrong_before_and_in_a_stream() -> None:
    down = Unavailable("provider.unreachable", "nobody answers")
    broken = Scripted([down, says("Good morning.")], breaks=AttemptFailed("provider.cut_off", "it broke off"))
    async with theirs(broken) as client:
        with pytest.raises(ollama.ResponseError, match="nobody answers") as refused:
            await client.chat("default", messages=HELLO)
        with pytest.raises(ollama.ResponseError, match="it broke off"):
            [part async for part in await client.chat("default", messages=HELLO, stream=True)]
        with pytest.raises(ollama.ResponseError, match="no model is called") as unknown:
            await client.chat("llama3", messages=HELLO)
    assert (refused.value.status_code, unknown.value.status_code) == (503, 404)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"options": {"top_k": 5}}, "top_k"),
        ({"think": True}, "think"),
        ({"messages": [{"role": "user", "content": "see", "images": ["AAAA"]}]}, "images"),
        ({"format": "yaml"}, "format"),
        ({"no_such_field": 1}, "no_such_field"),
    ],
)
async def test_what_cannot_be_heeded_is_refused(
    client: httpx.AsyncClient, desk: DeskAtHand, more: dict[str, Any], *, where: str
) -> None:
    desk.models = Shelf({"default": Scripted([])})
    answer = await client.post(
        "/api/chat", json={"model": "default", "messages": HELLO, "stream": False} | more
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert where in answer.json()["error"]


async def test_a_schema_becomes_the_shape_of_the_answer(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.models = Shelf({"default": (model := Scripted([says("7")]))})
    sent = {"model": "default", "messages": HELLO, "stream": False, "format": {"type": "integer"}}
    await client.post("/api/chat", json=sent)
    shape = model.heard[0].options.shape
    assert shape is not None
    assert shape.schema == {"type": "integer"}


async def test_the_version_is_this_services(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/version")).json() == {"version": VERSION}
    assert set((await client.get("/api/nothing")).json()) == {"error", "code"}
