"""Anthropic's messages API: what is sent, and events as its documentation spells them, and as none should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.errors import CallsheetError
from egress.fetch import Egress
from providers.anthropic_messages import AnthropicMessages
from providers.chat import Message, Options, Shape, Tool, ToolCall
from tests.providers.endpoint import Endpoint, Parts, head, said, serving

ASK = (Message("system", "Be brief."), Message("user", "hello"))
SHAPE = Shape("the plan", {"type": "object", "properties": {"a": {"type": "integer"}}}, grammar="root ::= x")
TOOL = Tool("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}})
PING = {"type": "ping"}
STOP = {"type": "message_stop"}


def start(**usage: int) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    return {
        "type": "message_start",
        "message": message | {"usage": {"input_tokens": 25, "output_tokens": 1} | usage},
    }


def block(index: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "type": "content_block_start",
        "index": index,
        "content_block": {"type": "text", "text": ""} | fields,
    }


def part(index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def text(said: str) -> dict[str, Any]:
    return part(type="text_delta", text=said)


def end(reason: str | None, output_tokens: int = 15) -> dict[str, Any]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": output_tokens}}


def events(*found: Any) -> bytes:
    rows = [
        (e["type"], json.dumps(e).encode()) if isinstance(e, dict) else ("message_start", e) for e in found
    ]
    return head() + b"".join(f"event: {kind}\ndata: ".encode() + row + b"\n\n" for kind, row in rows)


HELLO = events(start(), block(), PING, text("Hel"), text("lo"), end("end_turn"), STOP)


def anthropic(endpoint: Endpoint, **more: Any) -> AnthropicMessages:
    return AnthropicMessages(Egress(), url=endpoint.root, model="claude-x", timeout_s=9, **more)


async def failure(answer: Parts, options: Options | None = None) -> CallsheetError:
    async with serving(answer) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await anthropic(endpoint).complete(ASK, max_tokens=5, options=options or Options())
    return caught.value


async def test_a_stream_is_read_with_its_usage_and_what_was_cached() -> None:
    began = start(cache_read_input_tokens=100, cache_creation_input_tokens=7)
    async with serving(events(began, block(), text("Hel"), text("lo"), end("end_turn"), STOP)) as endpoint:
        pieces = [p async for p in anthropic(endpoint).stream(ASK, max_tokens=5)]
    found = pieces[-1].end
    assert [p.text for p in pieces] == ["Hel", "lo", ""]
    assert found is not None
    assert (found.text, found.finish_reason, found.model) == ("Hello", "stop", "claude-x")
    assert (found.usage.prompt_tokens, found.usage.cached_tokens, found.usage.completion_tokens) == (
        132,
        100,
        15,
    )


async def test_the_system_stands_apart_and_sampling_is_sent_beside_the_sdk() -> None:
    async with serving(HELLO) as endpoint:
        asked = Options(temperature=0.5, stop=("END",), prefix_messages=1)
        await anthropic(endpoint, api_key=SecretStr("k")).complete(ASK, max_tokens=5, options=asked)
    request = endpoint.asked[0]
    assert request.path == "/v1/messages"
    assert request.body == {
        "model": "claude-x",
        "max_tokens": 5,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "stop_sequences": ["END"],
        "stream": True,
        "temperature": 0.5,
    }
    assert request.headers["x-api-key"] == "k"
    assert request.headers["anthropic-version"]
    assert not [name for name in request.headers if name.startswith("x-stainless")]


async def test_without_a_key_none_is_sent() -> None:
    async with serving(HELLO) as endpoint:
        await anthropic(endpoint).complete(ASK, max_tokens=5)
    assert not {"x-api-key", "authorization"} & set(endpoint.asked[0].headers)


async def test_a_model_that_takes_no_temperature_is_asked_without_from_then_on() -> None:
    refusal = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "temperature: not allowed"},
    }
    async with serving(said(refusal, status="400 Bad"), HELLO) as endpoint:
        model = anthropic(endpoint)
        for _ in range(2):
            await model.complete(ASK, max_tokens=5)
    assert ["temperature" in a.body for a in endpoint.asked] == [True, False, False]


async def test_a_shape_is_a_tool_that_must_be_called_and_its_arguments_are_the_reply() -> None:
    called = block(1, type="tool_use", id="t1", name="the_plan", input={})
    parts = (part(1, type="input_json_delta", partial_json=p) for p in ("", '{"a"', ": 1}"))
    stream = events(start(), block(), text("Here:"), called, *parts, end("tool_use"), STOP)
    async with serving(stream) as endpoint:
        found = await anthropic(endpoint).complete(ASK, max_tokens=5, options=Options(shape=SHAPE))
    assert (found.text, found.finish_reason, found.form) == ('{"a": 1}', "stop", "json_schema")
    assert found.tool_calls == ()
    assert endpoint.body["tool_choice"] == {"type": "tool", "name": "the_plan"}
    assert endpoint.body["tools"][0]["input_schema"] == SHAPE.schema


async def test_a_server_that_calls_no_tool_is_read_by_its_text() -> None:
    async with serving(events(start(), block(), text("{}"), end("end_turn"), STOP)) as endpoint:
        found = await anthropic(endpoint).complete(ASK, max_tokens=5, options=Options(shape=SHAPE))
    assert found.text == "{}"


@pytest.mark.parametrize("at_once", [True, False])
async def test_tool_calls_are_read_and_their_answers_go_back_in_one_turn(*, at_once: bool) -> None:
    began = [
        block(i, type="tool_use", id=f"t{i}", name="add", input={"a": i} if at_once else {}) for i in (0, 1)
    ]
    parts = [part(i, type="input_json_delta", partial_json=f'{{"a": {i}}}') for i in (0, 1)]
    stream = events(start(), *began, *([] if at_once else parts), end("tool_use"), STOP)
    turns = (
        Message(
            "assistant", "", tool_calls=(ToolCall("t0", "add", '{"a": 0}'), ToolCall("t1", "add", "no json"))
        ),
        Message("tool", "0", tool_call_id="t0"),
        Message("tool", "1", tool_call_id="t1"),
    )
    async with serving(stream) as endpoint:
        asked = Options(tools=(TOOL,), tool_choice="required")
        found = await anthropic(endpoint).complete((*ASK, *turns), max_tokens=5, options=asked)
    assert found.tool_calls == (ToolCall("t0", "add", '{"a": 0}'), ToolCall("t1", "add", '{"a": 1}'))
    assert found.finish_reason == "tool_calls"
    assert endpoint.body["tool_choice"] == {"type": "any"}
    _, called, answered = endpoint.body["messages"]
    assert [b["input"] for b in called["content"]] == [{"a": 0}, {}]
    assert [b["tool_use_id"] for b in answered["content"]] == ["t0", "t1"]


@pytest.mark.parametrize(
    "options",
    [
        Options(shape=SHAPE, form="grammar"),
        Options(shape=SHAPE, form="json_object"),
        Options(shape=SHAPE, tools=(TOOL,)),
        Options(shape=Shape("x", {"type": "array"})),
    ],
)
async def test_a_form_it_does_not_have_is_an_error(options: Options) -> None:
    assert (await failure(HELLO, options)).code == "provider.unsupported"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (events(start(), block(), text("Hel")), "provider.cut_off"),
        (events(start(), block(), text("Hel"), STOP), "provider.cut_off"),
        (events(start(), end(None), STOP), "provider.cut_off"),
        (events(start(), block(), text("Hel"), end("max_tokens"), STOP), "provider.truncated"),
        (events(start(), end("refusal"), STOP), "provider.refused"),
        (events(start(), end("end_turn"), STOP), "provider.bad_reply"),
        (events(start(), {"type": "error", "error": {"type": "overloaded_error"}}), "provider.http_status"),
        (events(start(), {"type": "error", "error": {"type": "rate_limit_error"}}), "provider.rate_limited"),
        (events(b"{"), "provider.bad_reply"),
        (events(b"7"), "provider.bad_reply"),
        (events(b"[" * 100_000), "provider.bad_reply"),
        (events(start(), *[text("x" * 300_000)] * 5), "provider.too_large"),
        (said(b"<html>", kind="text/html"), "provider.bad_reply"),
        (said({"type": "message"}), "provider.bad_reply"),
        (
            said({"type": "error", "error": {"type": "authentication_error"}}, status="401 No"),
            "provider.http_status",
        ),
        (said({}, status="429 Slow", retry_after="3"), "provider.rate_limited"),
        (b"", "provider.unreachable"),
    ],
)
async def test_an_answer_that_is_no_message_is_a_typed_error(answer: Parts, code: str) -> None:
    assert (await failure(answer)).code == code


async def test_its_models_are_listed() -> None:
    rows = [{"type": "model", "id": "claude-x", "display_name": "X", "created_at": "2026-01-01T00:00:00Z"}]
    async with serving(said({"data": rows, "has_more": False})) as endpoint:
        assert [m.id for m in await anthropic(endpoint).models()] == ["claude-x"]
    assert endpoint.asked[0].path.startswith("/v1/models")
