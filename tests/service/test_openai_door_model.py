"""An unmodified openai client, the real service, and a real language model: the smallest there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletionNamedToolChoiceParam

from tests.models.servers import ModelServer, xllamacpp
from tests.models.smallest import smallest_model
from tests.service.talking import Door, talked_to

ASK = "Count the words in: to be or not to be"
FORCED: ChatCompletionNamedToolChoiceParam = {"type": "function", "function": {"name": "wasm_text_stats"}}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with xllamacpp(smallest_model(), tmp_path_factory.mktemp("model")) as running:
        yield running


@pytest.fixture
async def door(server: ModelServer, in_empty_folder: Path) -> AsyncIterator[Door]:
    assert server.key is not None
    model = {"url": server.url, "name": server.model, "api_key": server.key.get_secret_value()}
    async with talked_to(model=model) as opened:
        yield opened


async def test_a_client_chats_with_the_model_whole_and_in_pieces(door: Door) -> None:
    models = [model.id async for model in door.client.models.list()]
    assert models == ["callsheet", "default", "default+agents"]
    asked = {"model": "default", "max_tokens": 12, "temperature": 0, "seed": 1}
    turns = [{"role": "user", "content": "Say hello."}]
    whole = await door.client.chat.completions.create(messages=turns, **asked)  # type: ignore[call-overload]  # said once for both
    stream = await door.client.chat.completions.create(messages=turns, stream=True, **asked)  # type: ignore[call-overload]  # likewise
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 3
    assert chunks[-1].choices[0].finish_reason in {"stop", "length"}
    assert whole.usage.completion_tokens > 0


async def test_a_forced_tool_is_a_guest_that_is_run_with_arguments_that_fit(door: Door) -> None:
    answer = await door.client.chat.completions.create(
        model="default+agents",
        messages=[{"role": "user", "content": ASK}],
        tool_choice=FORCED,
        max_tokens=300,
        temperature=0,
    )
    (run_id,) = (answer.model_extra or {})["callsheet"]["runs"]
    (trace,) = door.desk.traces.whole_of_run(run_id)
    assert (trace.agent_type, trace.status.value) == ("wasm:text_stats", "success")
    assert isinstance(trace.input, dict)
    assert isinstance(trace.input["text"], str)
    assert answer.choices[0].message.content


async def test_a_client_gets_the_forced_call_and_has_it_run(door: Door) -> None:
    offered = await door.client.get("/tools", cast_to=dict)
    tools = [tool for tool in offered["data"] if tool["function"]["name"] == "wasm_text_stats"]
    answer = await door.client.chat.completions.create(
        model="default",
        messages=[{"role": "user", "content": ASK}],
        tools=tools,
        tool_choice=FORCED,
        max_tokens=300,
        temperature=0,
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    ran = await door.client.post(
        f"/tools/{call.function.name}", body={"arguments": call.function.arguments}, cast_to=dict
    )
    assert (answer.choices[0].finish_reason, ran["state"]) == ("tool_calls", "succeeded")
    assert ran["output"]["words"] > 0
