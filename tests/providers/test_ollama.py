"""Ollama's own API: answers as its documentation spells them, and as none should.

No real Ollama stands behind these: the lines have the documented shape.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.errors import CallsheetError
from egress.fetch import Egress
from providers.chat import Message, Options, Shape, Tool, ToolCall
from providers.ollama import Ollama
from tests.providers.endpoint import Endpoint, Parts, head, said, serving

ASK = (Message("system", "Be brief."), Message("user", "why is the sky blue?"))
SHAPE = Shape("x", {"type": "object", "properties": {"a": {"type": "integer"}}}, grammar="root ::= x")
TOOL = Tool("get_weather", "Say the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def line(content: str = "", *, done: bool = False, **more: Any) -> dict[str, Any]:
    fields = more.pop("message", {})
    return {
        "model": "llama3.2",
        "created_at": "2023-08-04T08:52:19.385406455-07:00",
        "message": {"role": "assistant", "content": content} | fields,
        "done": done,
    } | more


END = line(
    done=True,
    done_reason="stop",
    total_duration=4_883_583_458,
    load_duration=1_334_875,
    prompt_eval_count=26,
    prompt_eval_duration=342_546_000,
    eval_count=282,
    eval_duration=4_535_599_000,
)


def ndjson(*lines: Any) -> bytes:
    rows = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in lines]
    return head("application/x-ndjson") + b"".join(row + b"\n" for row in rows)


def ollama(endpoint: Endpoint, **more: Any) -> Ollama:
    return Ollama(Egress(), url=endpoint.root, model="llama3.2", timeout_s=9, **more)


async def failure(answer: Parts, options: Options | None = None) -> CallsheetError:
    async with serving(answer) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await ollama(endpoint).complete(ASK, max_tokens=5, options=options or Options())
    return caught.value


async def test_a_stream_is_read_with_its_counts_and_its_durations_in_milliseconds() -> None:
    async with serving(ndjson(line("The"), line(" sky"), END)) as endpoint:
        pieces = [p async for p in ollama(endpoint).stream(ASK, max_tokens=5)]
    end = pieces[-1].end
    assert [p.text for p in pieces] == ["The", " sky", ""]
    assert end is not None
    assert (end.text, end.finish_reason, end.model) == ("The sky", "stop", "llama3.2")
    assert (end.usage.prompt_tokens, end.usage.completion_tokens) == (26, 282)
    assert end.timings.load_duration_ms == pytest.approx(1.334875)
    assert end.timings.prompt_eval_duration_ms == pytest.approx(342.546)
    assert end.timings.eval_duration_ms == pytest.approx(4535.599)
    assert end.timings.throughput_tok_s == pytest.approx(62.17, abs=0.01)
    assert end.timings.ttft_ms is not None


async def test_options_go_where_ollama_reads_them() -> None:
    asked = Options(temperature=0.2, top_p=0.5, seed=4, stop=("END",), num_ctx=8192)
    async with serving(ndjson(line("x"), END)) as endpoint:
        await ollama(endpoint, num_ctx=2048).complete(ASK, max_tokens=5, options=asked)
        assert endpoint.asked[0].path == "/api/chat"
        assert endpoint.body["options"] == {
            "num_predict": 5, "num_ctx": 8192, "temperature": 0.2, "top_p": 0.5, "seed": 4, "stop": ["END"],
        }  # fmt: skip
        await ollama(endpoint, num_ctx=2048).complete(ASK, max_tokens=5, options=Options(temperature=None))
        assert endpoint.body["options"] == {"num_predict": 5, "num_ctx": 2048}


@pytest.mark.parametrize(("form", "sent"), [(None, SHAPE.schema), ("json_object", "json"), ("prompt", None)])
async def test_a_shape_is_asked_for_by_format(form: Any, sent: object) -> None:
    async with serving(ndjson(line("{}"), END)) as endpoint:
        found = await ollama(endpoint).complete(ASK, max_tokens=5, options=Options(shape=SHAPE, form=form))
    assert endpoint.body.get("format") == sent
    assert found.form == (form or "json_schema")


@pytest.mark.parametrize(
    "options",
    [
        Options(shape=SHAPE, form="grammar"),
        Options(tools=(TOOL,), tool_choice="required"),
        Options(tools=(TOOL,), tool_choice="get_weather"),
    ],
)
async def test_what_ollama_cannot_do_is_an_error_and_not_left_out(options: Options) -> None:
    assert (await failure(ndjson(line("x"), END), options)).code == "provider.unsupported"


async def test_tool_calls_are_read_and_answered_by_the_tools_name() -> None:
    call = {"function": {"name": "get_weather", "arguments": {"city": "Tokyo"}}}
    turns = (
        Message("assistant", "", tool_calls=(ToolCall("c1", "get_weather", '{"city": "Rome"}'),)),
        Message("tool", "11 degrees", tool_call_id="c1"),
    )
    lines = (line(message={"tool_calls": [call]}), END)
    async with serving(ndjson(*lines)) as endpoint:
        found = await ollama(endpoint).complete((*ASK, *turns), max_tokens=5, options=Options(tools=(TOOL,)))
    assert found.tool_calls == (ToolCall("call_0", "get_weather", '{"city": "Tokyo"}'),)
    assert found.finish_reason == "tool_calls"
    assert endpoint.body["tools"][0]["function"]["name"] == "get_weather"
    *_, called, answered = endpoint.body["messages"]
    assert called["tool_calls"] == [{"function": {"name": "get_weather", "arguments": {"city": "Rome"}}}]
    assert (answered["role"], answered["tool_name"]) == ("tool", "get_weather")


async def test_only_the_given_key_is_sent() -> None:
    async with serving(ndjson(line("x"), END)) as endpoint:
        await ollama(endpoint).complete(ASK, max_tokens=5)
        assert "authorization" not in endpoint.asked[-1].headers
        await ollama(endpoint, api_key=SecretStr("k")).complete(ASK, max_tokens=5)
    assert endpoint.asked[-1].headers["authorization"] == "Bearer k"
    assert endpoint.asked[-1].headers["user-agent"].startswith("callsheet")


async def test_an_end_without_a_reason_is_a_stop_as_older_servers_write_it() -> None:
    async with serving(ndjson(line("x"), line(done=True))) as endpoint:
        assert (await ollama(endpoint).complete(ASK, max_tokens=5)).finish_reason == "stop"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ndjson(line("The"), line(" sky")), "provider.cut_off"),
        (ndjson(), "provider.cut_off"),
        (ndjson(line("x"), line(done=True, done_reason="length")), "provider.truncated"),
        (ndjson(line("", message={"thinking": "hm"}), END), "provider.bad_reply"),
        (ndjson(line(done=True, done_reason="load")), "provider.bad_reply"),
        (ndjson(line("x"), {"error": "llama runner process has terminated"}), "provider.bad_reply"),
        (ndjson({"model": "m"}), "provider.bad_reply"),
        (ndjson([]), "provider.bad_reply"),
        (ndjson(b"{"), "provider.bad_reply"),
        (ndjson(b"[" * 100_000), "provider.bad_reply"),
        (ndjson(b"\xff"), "provider.bad_reply"),
        (said(b"<html>", kind="text/html"), "provider.bad_reply"),
        (ndjson(*[line("x" * 300_000)] * 5), "provider.too_large"),
        ([head("application/x-ndjson"), *[b" " * 1_000_000] * 3], "provider.too_large"),
        (said({"error": "model 'x' not found"}, status="404 Not Found"), "provider.http_status"),
        (said({"error": "busy"}, status="429 Slow", retry_after="3"), "provider.rate_limited"),
        (b"", "provider.unreachable"),
    ],
)
async def test_an_answer_that_is_no_completion_is_a_typed_error(answer: Parts, code: str) -> None:
    assert (await failure(answer)).code == code


async def test_nothing_an_endpoint_writes_stands_in_an_error() -> None:
    found = await failure(said({"error": "why is the sky blue?"}, status="400 Bad"))
    assert "sky" not in json.dumps(found.as_json()) + repr(found.__cause__)


async def test_the_models_that_are_pulled_are_listed() -> None:
    rows = [{"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 2019393189, "digest": "a80c"}]
    async with serving(said({"models": rows})) as endpoint:
        found = await ollama(endpoint).models()
    assert [(m.id, m.bytes) for m in found] == [("llama3.2:latest", 2019393189)]
    assert endpoint.asked[0].path == "/api/tags"
