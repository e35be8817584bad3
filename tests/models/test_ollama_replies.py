"""Replies in the form that Ollama's documentation shows, through Ollama's own client: no real Ollama is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from contracts.errors import AttemptFailed, CallsheetError
from egress.fetch import Egress
from providers.chat import PLAIN, Completion, Message, Options, Shape
from providers.ollama import Ollama
from tests.threaded_server import answering, send

ASK = (Message("system", "Be brief."), Message("user", "Why does iron rust?"))
AT = "2026-05-08T20:00:00.385406455-07:00"
ENDED = {
    "model": "m",
    "created_at": AT,
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "total_duration": 4_000_000_000,
    "load_duration": 1_300_000,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 340_000_000,
    "eval_count": 90,
    "eval_duration": 3_000_000_000,
}
Asked = list[dict[str, Any]]


def said(content: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more}
    return {"model": "m", "created_at": AT, "message": message, "done": False}


@contextmanager
def replying(*lines: dict[str, Any]) -> Iterator[tuple[str, Asked]]:
    asked: Asked = []

    def answer(asking: BaseHTTPRequestHandler) -> None:
        asked.append(json.loads(asking.rfile.read(int(asking.headers["content-length"]))))
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        send(asking, body, content_type="application/x-ndjson")

    with answering(answer) as url:
        yield url, asked


@pytest.fixture
def reply(door: Egress) -> Callable[..., Any]:
    async def asked(*lines: dict[str, Any], options: Options = PLAIN) -> tuple[Completion, Asked]:
        with replying(*lines) as (url, seen):
            model = Ollama(door, url=url, model="m", timeout_s=20)
            return await model.complete(ASK, max_tokens=90, options=options), seen

    return asked


@pytest.mark.parametrize("reason", [{}, {"done_reason": "stop"}])  # older servers say no reason
async def test_a_stream_and_its_durations_are_read(reply: Callable[..., Any], reason: dict[str, str]) -> None:
    found, asked = await reply(said("Water"), said(" and air", images=None), ENDED | reason)
    assert found.text == "Water and air"
    assert found.finish_reason == "stop"
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (26, 90)
    times = found.timings
    assert (times.load_duration_ms, times.prompt_eval_duration_ms) == (1.3, 340.0)
    assert (times.eval_duration_ms, times.throughput_tok_s) == (3000.0, 30.0)
    assert asked[0]["options"] == {"num_predict": 90, "temperature": 0.0}
    assert [m["role"] for m in asked[0]["messages"]] == ["system", "user"]


async def test_a_shape_goes_out_as_a_schema_and_context_as_an_option(reply: Callable[..., Any]) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    options = Options(shape=Shape("age", schema), num_ctx=4096, seed=7, stop=("\n",))
    found, asked = await reply(said('{"age": 22}'), ENDED | {"done_reason": "stop"}, options=options)
    assert json.loads(found.text) == {"age": 22}
    assert asked[0]["format"] == schema
    assert asked[0]["options"]["num_ctx"] == 4096
    assert asked[0]["options"]["stop"] == ["\n"]


async def test_a_tool_call_with_its_arguments_as_an_object_is_read(reply: Callable[..., Any]) -> None:
    call = {"function": {"name": "get_weather", "arguments": {"location": "Paris, FR", "format": "celsius"}}}
    found, _ = await reply(said("", tool_calls=[call]), ENDED | {"done_reason": "stop"})
    assert found.finish_reason == "tool_calls"
    assert [c.name for c in found.tool_calls] == ["get_weather"]
    assert json.loads(found.tool_calls[0].arguments) == {"location": "Paris, FR", "format": "celsius"}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([said("Wat"), ENDED | {"done_reason": "length"}], "provider.truncated"),
        ([said("Wat")], "provider.cut_off"),
        ([], "provider.cut_off"),
        ([said("Wat"), {"error": "an error was encountered while running the model"}], None),
    ],
)
async def test_a_stream_that_does_not_end_well_is_an_error(
    reply: Callable[..., Any], lines: list[dict[str, Any]], code: str | None
) -> None:
    with pytest.raises(CallsheetError) as failed:
        await reply(*lines)
    assert failed.value.code.startswith("provider.")
    assert code is None or (failed.value.code == code and isinstance(failed.value, AttemptFailed))
