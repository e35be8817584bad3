"""Streams that break, readers who leave, a server that ends, too many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
from typing_extensions import override

from contracts.errors import AttemptFailed, Unavailable
from contracts.run import RunState
from providers.chat import Piece
from service.app import create_app
from service.settings import load_settings
from tests.service.desk_at_hand import DeskAtHand
from tests.service.serving import served
from tests.service.talking import Scripted, Shelf, says

HELLO: dict[str, Any] = {"model": "default", "messages": [{"role": "user", "content": "hello"}]}
LONG = "one two three four five six seven"


@asynccontextmanager
async def door(
    desk: DeskAtHand, model: Scripted | None = None, **chat: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a desk with a model."""
    desk.models = Shelf({"default": model} if model is not None else {})
    desk.settings = load_settings({"chat": chat})
    async with served(create_app(desk)) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        yield client


def events(text: str) -> list[Any]:
    """Return what stands behind each `data:`."""
    found = [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]
    return [json.loads(event) if event != "[DONE]" else event for event in found]


async def test_a_whole_stream_ends_with_done(desk: DeskAtHand) -> None:
    async with door(desk, Scripted([says("Hello.")])) as client:
        answer = await client.post("/v1/chat/completions", json=HELLO | {"stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events(answer.text)[-1] == "[DONE]"


async def test_a_model_that_fails_at_once_is_an_error_with_its_status(desk: DeskAtHand) -> None:
    down = Unavailable("provider.unreachable", "nobody answers")
    async with door(desk, Scripted([down, down])) as client:
        answers = [
            await client.post("/v1/chat/completions", json=HELLO | {"stream": is_stream})
            for is_stream in (True, False)
        ]
    assert [(a.status_code, a.json()["error"]["code"]) for a in answers] == [
        (503, "provider.unreachable")
    ] * 2
    assert all(a.headers["retry-after"] == "5" for a in answers)


async def test_a_stream_that_breaks_says_so_and_has_no_done(desk: DeskAtHand) -> None:
    cut = AttemptFailed("provider.cut_off", "it broke off", retryable=True)
    model = Scripted([says(LONG), says(LONG)], breaks=cut)
    async with door(desk, model) as client:
        answer = await client.post("/v1/chat/completions", json=HELLO | {"stream": True})
        theirs = openai.AsyncOpenAI(base_url=str(client.base_url.join("/v1")), api_key="any", max_retries=0)
        async with theirs:
            stream = await theirs.chat.completions.create(**HELLO, stream=True)
            with pytest.raises(openai.APIError) as told:
                [chunk async for chunk in stream]
    found = events(answer.text)
    assert found[-1]["error"]["code"] == "provider.cut_off"
    assert "[DONE]" not in found
    assert told.value.code == "provider.cut_off"


async def test_a_defect_in_a_stream_is_told_without_its_words(desk: DeskAtHand) -> None:
    class Broken(Scripted):
        @override
        def stream(self, *args: Any, **more: Any) -> Any:
            return self._crash()

        async def _crash(self) -> Any:
            yield Piece("one t")
            raise RuntimeError("a secret path")

    async with door(desk, Broken([])) as client:
        with pytest.raises(httpx.HTTPError):
            await client.post("/v1/chat/completions", json=HELLO | {"stream": False}, timeout=0.001)
        answer = await client.post("/v1/chat/completions", json=HELLO)
        streamed = b""
        try:
            async with client.stream("POST", "/v1/chat/completions", json=HELLO | {"stream": True}) as stream:
                async for piece in stream.aiter_bytes():
                    streamed += piece
        except httpx.HTTPError:
            streamed += b""
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal.error")
    assert b"internal.error" in streamed
    assert b"secret" not in answer.content + streamed


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_reader_who_leaves_stops_the_model(desk: DeskAtHand, *, is_stream: bool) -> None:
    model = Scripted([says(LONG)], after=5)
    async with door(desk, model) as client:
        asking = asyncio.ensure_future(_read(client, HELLO | {"stream": is_stream}))
        async with asyncio.timeout(10):
            await model.asked.wait()
            asking.cancel()
            await model.left.wait()


@pytest.mark.parametrize(
    ("headers", "state"), [({}, RunState.CANCELLED), ({"idempotency-key": "k1"}, RunState.QUEUED)]
)
async def test_a_reader_who_leaves_cancels_the_run_unless_it_can_be_asked_for_again(
    desk: DeskAtHand, headers: dict[str, str], *, state: RunState
) -> None:
    app = create_app(desk)
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        asking = asyncio.ensure_future(_read(client, HELLO | {"model": "callsheet"}, **headers))
        async with asyncio.timeout(10):
            await desk.scripted.asked.wait()
            asking.cancel()
            while app.state.turns.count:
                await _a_moment()
    (run_id,) = desk.scripted.ended
    assert desk.runs.get(run_id).state is state


@pytest.mark.parametrize("model", ["callsheet", "default+agents"])
async def test_a_reader_who_leaves_while_a_run_is_taken_in_has_it_cancelled(
    desk: DeskAtHand, model: str
) -> None:
    desk.models = Shelf({"default": Scripted([says("", ("time", '{"url": "x"}'))])})
    desk.scripted.gate.clear()
    app = create_app(desk)
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        asking = asyncio.ensure_future(_read(client, HELLO | {"model": model}))
        async with asyncio.timeout(10):
            await desk.scripted.asked.wait()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            asyncio.get_running_loop().call_later(0.1, desk.scripted.gate.set)
            while app.state.turns.count:
                await _a_moment()
    (run_id,) = desk.scripted.ended
    assert desk.runs.get(run_id).state is RunState.CANCELLED


async def test_one_answer_too_many_is_told_to_come_back(desk: DeskAtHand) -> None:
    model = Scripted([says(LONG), says("Hello.")], after=5)
    async with door(desk, model, at_once=1) as client:
        async with client.stream("POST", "/v1/chat/completions", json=HELLO | {"stream": True}) as held:
            refused = httpx.Response(200)
            async for line in held.aiter_lines():
                if '"content":"one t"' in line:
                    refused = await client.post("/v1/chat/completions", json=HELLO)
                    model.going.set()
        later = await client.post("/v1/chat/completions", json=HELLO)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "talk.too_many")
    assert "retry-after" in refused.headers
    assert later.status_code == 200


@pytest.mark.parametrize("is_stream", [True, False])
async def test_an_answer_that_takes_too_long_is_an_error(desk: DeskAtHand, *, is_stream: bool) -> None:
    model = Scripted([says(LONG)], after=0)
    async with door(desk, model, wait_s=0.1) as client:
        answer = await client.post("/v1/chat/completions", json=HELLO | {"stream": is_stream})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "talk.timed_out")
    assert model.left.is_set()


async def test_a_run_that_takes_longer_goes_on_and_is_named(desk: DeskAtHand) -> None:
    async with door(desk, wait_s=2) as client:
        answer = (await client.post("/v1/chat/completions", json=HELLO | {"model": "callsheet"})).json()
    (run_id,) = answer["callsheet"]["runs"]
    assert f"GET /objectives/{run_id}" in answer["choices"][0]["message"]["content"]
    assert desk.runs.get(run_id).state is RunState.QUEUED


async def test_a_silent_stream_says_that_it_lives(desk: DeskAtHand) -> None:
    desk.hub.ping_s = 0.02
    model = Scripted([says(LONG)], after=0)
    async with (
        door(desk, model) as client,
        client.stream("POST", "/v1/chat/completions", json=HELLO | {"stream": True}) as answer,
    ):
        lines = []
        async for line in answer.aiter_lines():
            lines.append(line)
            if line == ": ping":
                model.going.set()
    assert "data: [DONE]" in lines


async def test_streams_are_told_that_the_server_ends_and_runs_are_left_to_its_next_start(
    desk: DeskAtHand,
) -> None:
    model = Scripted([says(LONG)], after=5)
    texts: list[str] = []

    async def read(client: httpx.AsyncClient, sent: dict[str, Any]) -> None:
        async with client.stream("POST", "/v1/chat/completions", json=sent) as answer:
            texts.append((await answer.aread()).decode())

    desk.models = Shelf({"default": model})
    app = create_app(desk)
    async with httpx.AsyncClient(timeout=20) as client:
        async with served(app) as url:
            client.base_url = httpx.URL(url)
            asking = asyncio.gather(
                read(client, HELLO | {"stream": True}), read(client, HELLO | {"model": "callsheet"})
            )
            async with asyncio.timeout(10):
                await model.asked.wait()
                await desk.scripted.asked.wait()
        await asking
    assert len(texts) == 2
    assert all("server.closing" in text for text in texts)
    assert model.left.is_set()
    assert [desk.runs.get(r).state for r in desk.scripted.ended] == [RunState.QUEUED]


async def _read(client: httpx.AsyncClient, sent: dict[str, Any], **headers: str) -> None:
    async with client.stream("POST", "/v1/chat/completions", json=sent, headers=headers) as answer:
        await answer.aread()


async def _a_moment() -> None:
    """Let the server take a turn."""
    await asyncio.sleep(0)
