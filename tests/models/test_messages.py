"""Anthropic's SDK, through our adapter, against a real server of its messages API."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from contracts.errors import AttemptFailed, CallsheetError
from egress.fetch import Egress
from providers.anthropic_messages import AnthropicMessages
from providers.chat import PLAIN, Completion, Message, Options, Tool
from tests.models.servers import ModelServer, kinds_at_hand

LONG = (Message("system", "You tell stories."), Message("user", "Write a long story about a lighthouse."))
WEATHER = Tool(
    "get_weather",
    "Tell the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
SPEAKS = ("xllamacpp", "llama-server")
"""llama-cpp-python's server has no such door."""
pytestmark = pytest.mark.parametrize(
    "server", [kind for kind in kinds_at_hand() if kind in SPEAKS], indirect=True
)


@pytest.fixture
def model(server: ModelServer, door: Egress) -> AnthropicMessages:
    return AnthropicMessages(door, url=server.address, model=server.model, api_key=server.key, timeout_s=100)


async def streamed(
    model: AnthropicMessages, *, max_tokens: int, options: Options = PLAIN
) -> tuple[list[str], Completion]:
    texts, end = [], None
    async for piece in model.stream(LONG, max_tokens=max_tokens, options=options):
        texts.append(piece.text)
        end = piece.end or end
    assert end is not None
    return [t for t in texts if t], end


async def test_a_message_is_streamed_with_its_end_and_its_tokens(model: AnthropicMessages) -> None:
    texts, end = await streamed(model, max_tokens=16)
    assert len(texts) > 3
    assert "".join(texts) == end.text
    assert end.finish_reason == "length"
    assert end.usage.completion_tokens == 16
    assert end.usage.prompt_tokens > 10
    assert end.timings.ttft_ms is not None


async def test_a_message_that_reaches_its_limit_is_no_short_answer(model: AnthropicMessages) -> None:
    with pytest.raises(AttemptFailed) as failed:
        await model.complete(LONG, max_tokens=4)
    assert failed.value.code == "provider.truncated"


async def test_a_message_asked_for_with_a_tool_brings_text_or_that_tool_and_no_other(
    model: AnthropicMessages,
) -> None:
    options = Options(tools=(WEATHER,), tool_choice="get_weather")
    _, end = await streamed(model, max_tokens=12, options=options)
    assert end.text or end.tool_calls
    assert {call.name for call in end.tool_calls} <= {WEATHER.name}


async def test_a_wrong_key_of_a_message_is_refused_and_never_shown(server: ModelServer, door: Egress) -> None:
    wrong = SecretStr("not-the-key-of-this-server")
    model = AnthropicMessages(door, url=server.address, model=server.model, api_key=wrong, timeout_s=30)
    with pytest.raises(CallsheetError) as failed:
        await model.complete(LONG, max_tokens=4)
    assert failed.value.data["status"] == 401
    assert wrong.get_secret_value() not in repr(failed.value.as_json())
