"""One endpoint that speaks OpenAI's chat completions: what is sent, what is read, what is never told."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, Unavailable
from egress.fetch import Egress
from providers.chat import Completion, Message, Options, Shape, Tool, ToolCall
from providers.openai_compatible import OpenAICompatible, policy_of
from tests.providers.endpoint import HELLO, Endpoint, delta, head, said, serving, sse, usage

KEY = "sk-canary-2b1f"
ASK = (Message("user", "hello"),)
SHAPE = Shape("a plan", {"type": "object"}, grammar='root ::= "{}"')


def provider(endpoint: Endpoint, *, key: str | None = KEY, **more: Any) -> OpenAICompatible:
    api_key = None if key is None else SecretStr(key)
    return OpenAICompatible(Egress(), url=endpoint.url + "/", model="m", api_key=api_key, timeout_s=9, **more)


async def complete(endpoint: Endpoint, options: Options | None = None, **more: Any) -> Completion:
    return await provider(endpoint, **more).complete(ASK, max_tokens=5, options=options or Options())


async def failure(endpoint: Endpoint, options: Options | None = None) -> CallsheetError:
    with pytest.raises(CallsheetError) as caught:
        await complete(endpoint, options)
    return caught.value


async def test_a_stream_is_handed_on_piece_by_piece_and_ends_with_the_whole() -> None:
    async with serving(HELLO) as endpoint:
        pieces = [p async for p in provider(endpoint).stream(ASK, max_tokens=5)]
    assert [p.text for p in pieces] == ["Hel", "lo", ""]
    end = pieces[-1].end
    assert end is not None
    assert (end.text, end.finish_reason, end.model) == ("Hello", "stop", "answering-model")
    assert (end.usage.prompt_tokens, end.usage.completion_tokens) == (7, 2)


async def test_the_time_to_the_first_token_is_measured_here() -> None:
    async with serving(
        [head(), 0.2, sse(delta("a"), done=False), 0.2, sse(delta("b"), delta(reason="stop"))]
    ) as endpoint:
        found = (await complete(endpoint)).timings
    assert found.ttft_ms is not None
    assert found.total_ms is not None
    assert found.eval_duration_ms is not None
    assert 190 <= found.ttft_ms < found.total_ms
    assert found.ttft_ms + found.eval_duration_ms >= 390
    assert found.tokens_generated == 2


async def test_what_llamacpp_says_of_its_work_goes_before_what_is_measured() -> None:
    timings = {
        "cache_n": 5,
        "prompt_ms": 12.5,
        "predicted_n": 9,
        "predicted_ms": 300,
        "predicted_per_second": 30,
    }
    async with serving(
        head() + sse(delta("a"), delta(reason="stop"), usage(7, 9, timings=timings))
    ) as endpoint:
        found = await complete(endpoint)
    assert (found.timings.prompt_eval_duration_ms, found.timings.eval_duration_ms) == (12.5, 300)
    assert (found.timings.throughput_tok_s, found.timings.tokens_generated) == (30, 9)
    assert found.usage.cached_tokens == 5


async def test_the_request_says_what_was_asked_and_no_more() -> None:
    asked = Options(temperature=0.5, top_p=0.9, seed=3, stop=("END",))
    async with serving(HELLO) as endpoint:
        await complete(endpoint, asked, extra={"id_slot": 0, "cache_prompt": True})
    assert endpoint.asked[0].path == "/v1/chat/completions"
    assert endpoint.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 5,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["END"],
        "id_slot": 0,
        "cache_prompt": True,
    }


async def test_the_key_goes_into_one_header_and_nowhere_else() -> None:
    async with serving(HELLO) as endpoint:
        model = provider(endpoint)
        await model.complete(ASK, max_tokens=5)
    headers = endpoint.asked[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(endpoint.body) + repr(vars(model))
    assert set(headers) == {
        "host", "connection", "accept", "content-type", "content-length",
        "user-agent", "accept-encoding", "authorization",
    }  # fmt: skip


@pytest.mark.parametrize("key", [None, ""])
async def test_without_a_key_none_is_sent_not_even_the_sdks_own(key: str | None) -> None:
    async with serving(HELLO) as endpoint:
        await complete(endpoint, key=key)
    assert "authorization" not in endpoint.asked[0].headers


async def test_neither_key_nor_prompt_is_logged_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(HELLO, said({"error": f"hello {KEY}"}, status="400 Bad")) as endpoint:
        await complete(endpoint)
        assert (await failure(endpoint)).__cause__ is None
    assert "hello" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("form", "field", "sent"),
    [
        (None, "response_format", {"type": "json_schema", "json_schema": {"name": "a_plan", "schema": {"type": "object"}, "strict": True}}),
        ("json_object", "response_format", {"type": "json_object", "schema": {"type": "object"}}),
        ("grammar", "grammar", 'root ::= "{}"'),
        ("prompt", "response_format", None),
    ],
)  # fmt: skip
async def test_a_shape_is_asked_for_in_the_form_that_was_chosen(form: Any, field: str, sent: object) -> None:
    async with serving(head() + sse(delta("{}"), delta(reason="stop"))) as endpoint:
        found = await complete(endpoint, Options(shape=SHAPE, form=form))
    assert endpoint.body.get(field) == sent
    assert found.form == (form or "json_schema")


async def test_tools_are_offered_and_their_calls_put_together() -> None:
    parts = (
        {"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 0, "function": {"arguments": "1}"}},
        {"index": 1, "id": "c2", "function": {"name": "now", "arguments": "{}"}},
    )
    chunks = [delta(tool_calls=[part]) for part in parts]
    tool = Tool("add", "Add.", {"type": "object"})
    async with serving(head() + sse(*chunks, delta(reason="tool_calls"))) as endpoint:
        found = await complete(endpoint, Options(tools=(tool,), tool_choice="add"))
    assert found.tool_calls == (ToolCall("c1", "add", '{"a":1}'), ToolCall("c2", "now", "{}"))
    assert found.finish_reason == "tool_calls"
    assert endpoint.body["tools"][0]["function"]["name"] == "add"
    assert endpoint.body["tool_choice"] == {"type": "function", "function": {"name": "add"}}


async def test_two_calls_that_a_server_numbers_alike_stay_two() -> None:
    calls = [{"index": 0, "id": i, "function": {"name": "f", "arguments": "{}"}} for i in ("x", "y")]
    async with serving(
        head() + sse(*(delta(tool_calls=[c]) for c in calls), delta(reason="stop"))
    ) as endpoint:
        found = await complete(endpoint)
    assert [c.id for c in found.tool_calls] == ["x", "y"]
    assert found.finish_reason == "tool_calls"


async def test_a_tools_answer_goes_back_with_the_call_it_answers() -> None:
    turns = (
        *ASK,
        Message("assistant", "", tool_calls=(ToolCall("c1", "add", "{}"),)),
        Message("tool", "3", tool_call_id="c1"),
    )
    async with serving(HELLO) as endpoint:
        await provider(endpoint).complete(turns, max_tokens=5)
    _, called, answered = endpoint.body["messages"]
    assert (called["content"], called["tool_calls"][0]["id"]) == (None, "c1")
    assert answered == {"role": "tool", "content": "3", "tool_call_id": "c1"}


@pytest.mark.parametrize(
    ("complaint", "lost", "instead"),
    [
        ("unknown field", "stream_options", None),
        ("stream_options is not allowed", "stream_options", None),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'", "max_tokens", "max_completion_tokens"),
        ("temperature does not support 0", "temperature", None),
    ],
)  # fmt: skip
async def test_what_a_server_does_not_take_is_left_out_from_then_on(
    complaint: str, lost: str, instead: str | None
) -> None:
    refusal = said({"error": {"message": complaint}}, status="400 Bad Request")
    async with serving(refusal, HELLO) as endpoint:
        model = provider(endpoint)
        for _ in range(2):
            assert (await model.complete(ASK, max_tokens=5)).text == "Hello"
    assert [lost in asked.body for asked in endpoint.asked] == [True, False, False]
    assert instead is None or endpoint.body[instead] == 5


async def test_a_schema_beside_json_object_is_left_out_for_a_server_that_complains_of_it() -> None:
    refusal = said(
        {"error": {"message": "Unknown parameter: response_format.schema"}}, status="400 Bad Request"
    )
    async with serving(refusal, HELLO) as endpoint:
        await complete(endpoint, Options(shape=SHAPE, form="json_object"))
    assert endpoint.body["response_format"] == {"type": "json_object"}


async def test_an_endpoint_that_does_not_stream_is_read_whole() -> None:
    body = {"choices": [{"message": {"content": "hi"}}], "usage": {"prompt_tokens": "7"}}
    async with serving(said(body)) as endpoint:
        found = await complete(endpoint)
    assert (found.text, found.model, found.usage.prompt_tokens, found.finish_reason) == ("hi", "m", 0, "stop")


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (401, "provider.http_status", False),
        (404, "provider.http_status", False),
        (429, "provider.rate_limited", True),
        (500, "provider.http_status", True),
        (503, "provider.http_status", True),
    ],
)
async def test_an_answer_that_is_no_success_is_named_by_its_status(
    status: int, code: str, *, retryable: bool
) -> None:
    body = {"error": {"message": f"no, hello {KEY}", "type": "server_error"}}
    async with serving(said(body, status=f"{status} No", retry_after="7")) as endpoint:
        found = await failure(endpoint)
    assert isinstance(found, Unavailable)
    assert (found.code, found.retryable) == (code, retryable)
    assert found.data == {"status": status, "retry_after": "7", "endpoint_code": "server_error"}
    assert KEY not in json.dumps(found.as_json())


async def test_a_stream_that_ends_without_a_reason_is_cut_off_and_what_came_was_read() -> None:
    async with serving(head() + sse(delta("Hel"), delta("lo"))) as endpoint:
        stream = provider(endpoint).stream(ASK, max_tokens=5)
        texts = [(await anext(stream)).text for _ in range(2)]
        with pytest.raises(AttemptFailed) as caught:
            await anext(stream)
    assert (texts, caught.value.code, caught.value.data) == (["Hel", "lo"], "provider.cut_off", {"chars": 5})


async def test_a_reply_at_its_limit_is_an_error_when_whole_and_said_in_a_stream() -> None:
    async with serving(head() + sse(delta("Hel"), delta(reason="length"))) as endpoint:
        assert (await failure(endpoint)).code == "provider.truncated"
        pieces = [p async for p in provider(endpoint).stream(ASK, max_tokens=5)]
    assert pieces[-1].end is not None
    assert pieces[-1].end.finish_reason == "length"


@pytest.mark.parametrize(
    ("chunks", "code"),
    [
        ([delta(refusal="I will not")], "provider.refused"),
        ([delta("Hm"), delta(reason="content_filter")], "provider.refused"),
        ([delta(reasoning_content="let me see", content=None), delta(reason="stop")], "provider.bad_reply"),
        ([delta("x"), {"error": {"message": "boom", "code": 500}}], "provider.http_status"),
        ([{"error": {"message": "slow down", "type": "rate_limit_error"}}], "provider.rate_limited"),
        ([delta("x"), {"error": "boom"}], "provider.bad_reply"),
        ([{"choices": []}], "provider.cut_off"),
        ([{"choices": [{"index": 0}]}], "provider.bad_reply"),
        ([{"choices": "none"}], "provider.bad_reply"),
        ([{"choices": [7]}], "provider.bad_reply"),
        ([delta(["parts"])], "provider.bad_reply"),  # type: ignore[arg-type]  # as some servers do
        ([{}], "provider.bad_reply"),
        ([b"7"], "provider.bad_reply"),
        ([b'{"choices": ['], "provider.bad_reply"),
        ([b"\xff\xfe"], "provider.bad_reply"),
        ([b"[" * 100_000], "provider.bad_reply"),
        ([delta("x" * 600_000), delta("x" * 600_000)], "provider.too_large"),
        ([delta(tool_calls=[{"index": i, "function": {}} for i in range(65)])], "provider.too_large"),
    ],
)
async def test_a_stream_that_is_no_completion_is_told_apart(chunks: list[Any], code: str) -> None:
    async with serving(head() + sse(*chunks)) as endpoint:
        assert (await failure(endpoint)).code == code


@pytest.mark.parametrize(
    "answer",
    [
        said(b"<html>login</html>", kind="text/html"),
        said(b"", kind="image/png"),
        said(b"{"),
        said(b"[]"),
        said({"choices": []}),
        said({"choices": [{"message": {}}]}),
        said({"choices": [{"message": {"content": None}}]}),
        said({"choices": [{"message": {"content": ["parts"]}}]}),
        said({"choices": [{"message": {"content": "x"}, "finish_reason": 7}]}),
        said(b"\xff"),
    ],
)
async def test_an_answer_of_another_kind_is_a_bad_reply(answer: bytes) -> None:
    async with serving(answer) as endpoint:
        assert (await failure(endpoint)).code == "provider.bad_reply"


async def test_the_endpoints_models_are_listed_with_what_it_says_of_them() -> None:
    rows = [
        {"id": "a", "owned_by": "llamacpp", "meta": {"n_ctx_train": 2048, "size": 9}},
        {"id": 7},
        {"id": "b"},
    ]
    async with serving(said({"object": "list", "data": rows})) as endpoint:
        first, second = await provider(endpoint).models()
    assert (first.id, first.context, first.owned_by, first.bytes) == ("a", 2048, "llamacpp", 9)
    assert (second.id, second.context) == ("b", None)
    assert endpoint.asked[0].path == "/v1/models"


@pytest.mark.parametrize("answer", [said([]), said({"data": 5}), said(b"x"), said({}, status="401 No")])
async def test_a_list_of_models_that_is_none_is_a_typed_error(answer: bytes) -> None:
    async with serving(answer) as endpoint:
        with pytest.raises(CallsheetError, match="answer"):
            await provider(endpoint).models()


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("http://127.0.0.1:11434/v1", "127.0.0.1", "127.0.0.1:11434"),
        ("https://model.test/v1", "model.test", "model.test:443"),
        ("http://model.test", "model.test", "model.test:80"),
        ("http://[::1]:8080/v1", "::1", "[::1]:8080"),
    ],
)
def test_a_model_url_grants_its_own_address_and_no_other(url: str, host: str, address: str) -> None:
    policy = policy_of(url)
    assert policy.hosts == (host,)
    assert policy.private_hosts() == {address}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.test/v1",
        "ftp://model.test",
        "http://",
        "http://user:pw@model.test/v1",
        "http://h:99999/",
        "http://h/?k=1",
    ],
)
def test_a_url_that_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenAICompatible(Egress(), url=url, model="m")
    assert caught.value.code == "provider.bad_url"
    assert "pw" not in caught.value.message


@pytest.mark.parametrize("key", ["sk canary", "canary\r\nx-other: 1", "canaryé", "canary" * 2000])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenAICompatible(Egress(), url="http://model.test/v1", model="m", api_key=SecretStr(key))
    assert caught.value.code == "provider.bad_key"
    assert "canary" not in json.dumps(caught.value.as_json())


async def test_a_line_end_after_a_key_is_no_part_of_it() -> None:
    async with serving(HELLO) as endpoint:
        await complete(endpoint, key=f"{KEY}\n")
    assert endpoint.asked[0].headers["authorization"] == f"Bearer {KEY}"


ECHO = "Canary1"


@pytest.mark.parametrize(
    "answer",
    [
        said({"error": {"message": ECHO, "code": ECHO, "type": ECHO}}, status="400 Bad"),
        said({"error": ECHO}, status="500 Bad", retry_after=ECHO),
        said(b"x", kind=f"text/{ECHO}"),
        said(f'{{"{ECHO}": 1, "{ECHO}": 2}}'.encode()),
        head() + sse({"error": {"message": ECHO, "type": ECHO}}),
        head() + sse(delta(reason=ECHO)),
        head() + sse({"choices": [{"delta": {"content": [ECHO]}}]}),
        head() + sse(f'{{"{ECHO}"'.encode()),
        head() + sse(delta(ECHO)),
    ],
)
async def test_what_an_endpoint_repeats_of_a_prompt_or_a_key_stands_in_no_error(answer: bytes) -> None:
    async with serving(answer) as endpoint:
        found = await failure(endpoint)
    shown = "".join(traceback.format_exception(found))
    assert ECHO.lower() not in (json.dumps(found.as_json()) + shown).lower()
