"""What our client promises holds whichever server is behind it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from pydantic import SecretStr

from contracts.errors import AttemptFailed, CallsheetError
from egress.fetch import Egress
from providers.chat import PLAIN, Completion, Form, Message, Options, Shape, Tool
from providers.openai_compatible import OpenAICompatible
from tests.models.servers import ModelServer

HELLO = (Message("system", "You are brief."), Message("user", "Say hello to the crew."))
LONG = (Message("user", "Write a long story about a lighthouse."),)
PICK = Shape(
    "pick",
    {
        "type": "object",
        "properties": {"tool": {"enum": ["hammer", "saw"]}, "count": {"type": "integer"}},
        "required": ["tool", "count"],
        "additionalProperties": False,
    },
    grammar='root ::= "{\\"tool\\": \\"" ("hammer" | "saw") "\\", \\"count\\": " [0-9] "}"',
)
HOLDS = {
    ("llama-cpp-python", "json_schema"): "not at all",
    ("llama-cpp-python", "grammar"): "to nothing it tells",
    ("callsheet", "grammar"): "not at all",
    ("callsheet", "json_object"): "to nothing it tells",
}
"""Where a server does less than hold a reply to its shape."""
FORCES_TOOLS = {"callsheet", "llama-cpp-python"}
"""llama.cpp's server leaves it to the model's own template, and the smallest one's has no tools."""
WEATHER = Tool(
    "get_weather",
    "Tell the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


async def streamed(
    model: OpenAICompatible, messages: tuple[Message, ...], *, max_tokens: int, options: Options = PLAIN
) -> tuple[list[str], Completion]:
    texts, end = [], None
    async for piece in model.stream(messages, max_tokens=max_tokens, options=options):
        texts.append(piece.text)
        end = piece.end or end
    assert end is not None
    return [t for t in texts if t], end


async def test_a_chat_is_answered_and_its_pieces_are_the_whole(model: OpenAICompatible) -> None:
    texts, end = await streamed(model, LONG, max_tokens=16)
    assert len(texts) > 3
    assert "".join(texts) == end.text
    assert end.finish_reason == "length"


async def test_a_completion_that_reaches_its_limit_is_an_error_and_not_a_short_answer(
    model: OpenAICompatible,
) -> None:
    with pytest.raises(AttemptFailed) as failed:
        await model.complete(LONG, max_tokens=4)
    assert failed.value.code == "provider.truncated"


async def test_a_stop_word_ends_the_reply_and_is_not_in_it(model: OpenAICompatible) -> None:
    options = Options(stop=(",", ".", "!", " "))
    found = await model.complete(HELLO, max_tokens=64, options=options)
    assert found.finish_reason == "stop"
    assert not set(",.! ") & set(found.text)


async def test_the_same_question_greedily_asked_gets_the_same_answer(model: OpenAICompatible) -> None:
    _, first = await streamed(model, LONG, max_tokens=8, options=Options(seed=7))
    _, second = await streamed(model, LONG, max_tokens=8, options=Options(seed=7))
    assert first.text == second.text


async def test_tokens_and_times_of_a_call_are_told_or_measured(model: OpenAICompatible) -> None:
    _, end = await streamed(model, LONG, max_tokens=12)
    times = end.timings
    assert times.ttft_ms is not None
    assert times.total_ms is not None
    assert 0 < times.ttft_ms <= times.total_ms
    assert times.prompt_eval_duration_ms is not None
    assert times.eval_duration_ms is not None
    if end.usage.completion_tokens:  # some servers tell nothing in a stream
        assert end.usage.completion_tokens == 12
        assert end.usage.prompt_tokens > 5
        assert times.throughput_tok_s is not None
        assert times.throughput_tok_s > 0


@pytest.mark.parametrize("form", ["json_schema", "grammar", "json_object"])
async def test_a_reply_held_to_a_shape_has_it_or_the_server_says_it_cannot(
    model: OpenAICompatible, server: ModelServer, form: Form
) -> None:
    asked = (Message("user", "Which tool, and how many? Reply with JSON."),)
    holding = model.complete(asked, max_tokens=60, options=Options(shape=PICK, form=form))
    match HOLDS.get((server.kind, form), "to the shape"):
        case "not at all":
            with pytest.raises(CallsheetError) as failed:
                await holding
            assert failed.value.code in {"provider.http_status", "provider.unsupported"}
        case "to nothing it tells":
            with suppress(AttemptFailed):  # it may also run into its limit
                assert (await holding).text
        case _:
            found = await holding
            picked = json.loads(found.text)
            assert picked["tool"] in {"hammer", "saw"}
            assert isinstance(picked["count"], int)
            assert found.form == form


async def test_two_streams_at_once_both_come_whole(model: OpenAICompatible) -> None:
    async with asyncio.TaskGroup() as both:
        first = both.create_task(streamed(model, LONG, max_tokens=16))
        second = both.create_task(streamed(model, LONG, max_tokens=16))
    for texts, end in (first.result(), second.result()):
        assert end.finish_reason == "length"
        assert len(texts) > 10


async def test_a_stream_given_up_leaves_the_server_free_for_the_next(model: OpenAICompatible) -> None:
    pieces = model.stream(LONG, max_tokens=1500)
    assert (await anext(pieces)).text
    await pieces.aclose()  # type: ignore[attr-defined]  # an async generator, as every adapter's stream
    async with asyncio.timeout(30):
        _, end = await streamed(model, HELLO, max_tokens=5)
    assert end.finish_reason in {"length", "stop"}


async def test_a_server_lists_its_models(model: OpenAICompatible, server: ModelServer) -> None:
    assert server.model in [offer.id for offer in await model.models()]


async def test_a_wrong_key_is_refused_by_status_and_never_shown(server: ModelServer, door: Egress) -> None:
    wrong = SecretStr("not-the-key-of-this-server")
    model = OpenAICompatible(door, url=server.url, model=server.model, api_key=wrong, timeout_s=30)
    with pytest.raises(CallsheetError) as failed:
        await model.complete(HELLO, max_tokens=4)
    assert failed.value.data["status"] == 401
    assert wrong.get_secret_value() not in repr(failed.value.as_json())


async def test_a_forced_tool_is_asked_for_by_name_and_a_call_is_never_made_up(
    model: OpenAICompatible, server: ModelServer
) -> None:
    options = Options(tools=(WEATHER,), tool_choice="get_weather")
    asked = (Message("user", "What is the weather in Paris?"),)
    _, end = await streamed(model, asked, max_tokens=40, options=options)
    if server.kind not in FORCES_TOOLS and not end.tool_calls:
        assert end.text
        return
    assert end.finish_reason == "tool_calls"
    assert [call.name for call in end.tool_calls] == ["get_weather"]
    assert isinstance(json.loads(end.tool_calls[0].arguments)["city"], str)
