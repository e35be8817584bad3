"""An unmodified openai client against the real service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from contracts.errors import Unavailable
from providers.faults import AnsweredStatus
from tests.service.talking import KEY, Scripted, says, talked_to

COUNT = 'count the words in "to be or not to be"'


@pytest.fixture(autouse=True)
def folder(in_empty_folder: Path) -> Path:
    return in_empty_folder


async def test_a_client_lists_the_service_each_model_and_each_with_agents() -> None:
    async with talked_to(Scripted([])) as door:
        found = [model.id async for model in door.client.models.list()]
        one = await door.client.models.retrieve("default+agents")
    assert found == ["callsheet", "default", "default+agents"]
    assert (one.id, one.object, one.owned_by) == ("default+agents", "model", "callsheet")


async def test_without_a_model_the_service_itself_can_be_talked_to() -> None:
    async with talked_to() as door:
        assert [model.id async for model in door.client.models.list()] == ["callsheet"]
        with pytest.raises(openai.NotFoundError) as none:
            await door.client.chat.completions.create(
                model="default", messages=[{"role": "user", "content": "hello"}]
            )
        answer = await door.client.chat.completions.create(
            model="callsheet", messages=[{"role": "user", "content": COUNT}]
        )
    assert none.value.code == "model.none"
    text = answer.choices[0].message.content or ""
    assert text.startswith("```json\n")
    assert '"words": 6' in text
    assert answer.choices[0].finish_reason == "stop"


async def test_a_model_answers_as_it_would_itself() -> None:
    model = Scripted([says("Good morning.")])
    async with talked_to(model) as door:
        answer = await door.client.chat.completions.create(
            model="default",
            messages=[
                {"role": "developer", "content": "Be brief."},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Good "}, {"type": "text", "text": "day"}],
                },
            ],
            temperature=0.5,
            seed=7,
            stop="X",
            max_tokens=20,
        )
    assert answer.choices[0].message.content == "Good morning."
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (
        7,
        3,
        10,
    )
    assert answer.model == "default"
    heard = model.heard[0]
    assert [(m.role, m.content) for m in heard.messages] == [("system", "Be brief."), ("user", "Good day")]
    assert (heard.max_tokens, heard.options.temperature, heard.options.seed) == (20, 0.5, 7)
    assert heard.options.stop == ("X",)


async def test_a_stream_says_who_speaks_then_each_piece_then_why_it_ends() -> None:
    async with talked_to(Scripted([says("Good morning.")])) as door:
        stream = await door.client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in chunks[1:-2]] == ["Good ", "morni", "ng."]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 10
    assert len({chunk.id for chunk in chunks}) == 1


async def test_an_objective_can_be_streamed_and_its_run_is_named() -> None:
    async with talked_to() as door:
        stream = await door.client.chat.completions.create(
            model="callsheet", messages=[{"role": "user", "content": COUNT}], stream=True
        )
        chunks = [chunk async for chunk in stream]
        told = chunks[-1].model_extra or {}
        (run_id,) = told["callsheet"]["runs"]
        run = door.desk.runs.get(run_id)
    assert '"words": 6' in "".join(c.choices[0].delta.content or "" for c in chunks)
    assert (run.state.value, told["callsheet"]["state"]) == ("succeeded", "succeeded")


async def test_a_model_with_agents_calls_a_guest_and_goes_on_with_what_it_gave() -> None:
    model = Scripted([says("", ("wasm_text_stats", '{"text": "to be or not"}')), says("Four words.")])
    async with talked_to(model) as door:
        answer = await door.client.chat.completions.create(
            model="default+agents", messages=[{"role": "user", "content": "How many words?"}]
        )
        (run_id,) = (answer.model_extra or {})["callsheet"]["runs"]
        run = door.desk.runs.get(run_id)
        traces = list(door.desk.traces.whole_of_run(run_id))
    assert answer.choices[0].message.content == "Four words."
    assert answer.usage is not None
    assert answer.usage.total_tokens == 20
    assert run.state.value == "succeeded"
    assert [(t.agent_type, t.status.value) for t in traces] == [("wasm:text_stats", "success")]
    told = model.heard[1].messages[-1]
    assert (told.role, told.tool_call_id) == ("tool", "c0")
    assert '"words":4' in told.content
    assert "strangers" in told.content


async def test_a_forced_tool_is_asked_for_once_and_then_the_model_is_free() -> None:
    model = Scripted([says("", ("wasm_echo", '{"a": 1}')), says("Done.")])
    async with talked_to(model) as door:
        await door.client.chat.completions.create(
            model="default+agents",
            messages=[{"role": "user", "content": "echo"}],
            tool_choice={"type": "function", "function": {"name": "wasm_echo"}},
        )
    assert [heard.options.tool_choice for heard in model.heard] == ["wasm_echo", "auto"]
    assert "wasm_echo" in [tool.name for tool in model.heard[0].options.tools]


async def test_a_client_that_runs_tools_itself_is_given_the_agents_and_can_run_one() -> None:
    model = Scripted([says("", ("wasm_echo", '{"greeting": "hello"}'), ("wasm_echo", "{}"))])
    async with talked_to(model) as door:
        offered = await door.client.get("/tools", cast_to=dict)
        tools = [tool for tool in offered["data"] if tool["function"]["name"] == "wasm_echo"]
        answer = await door.client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "echo a greeting"}],
            tools=tools,
            tool_choice={"type": "function", "function": {"name": "wasm_echo"}},
            parallel_tool_calls=False,
        )
        (call,) = answer.choices[0].message.tool_calls or []
        assert call.type == "function"
        ran = await door.client.post(
            f"/tools/{call.function.name}", body={"arguments": call.function.arguments}, cast_to=dict
        )
        run = door.desk.runs.get(ran["run_id"])
    assert offered["agents"]["wasm_echo"] == "wasm:echo"
    assert answer.choices[0].finish_reason == "tool_calls"
    assert (ran["state"], ran["output"]) == ("succeeded", {"greeting": "hello"})
    assert '"hello"' in ran["content"]
    assert run.plan is not None
    assert run.plan.origin.planner == "llm"
    assert model.heard[0].options.tool_choice == "wasm_echo"


async def test_streamed_tool_calls_come_whole_before_the_end() -> None:
    async with talked_to(Scripted([says("I look.", ("find", '{"a":1}'))])) as door:
        stream = await door.client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "find"}],
            tools=[{"type": "function", "function": {"name": "find"}}],
            stream=True,
        )
        chunks = [chunk async for chunk in stream]
    (call,) = chunks[-2].choices[0].delta.tool_calls or []
    assert call.function is not None
    assert (call.index, call.id, call.function.name, call.function.arguments) == (0, "c0", "find", '{"a":1}')
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_errors_are_the_kinds_that_the_client_knows() -> None:
    limited = Unavailable("provider.rate_limited", "too many", data={"retry_after_s": 7})
    async with talked_to(Scripted([limited])) as door:
        create = door.client.chat.completions.create
        hello = {"messages": [{"role": "user", "content": "hello"}]}
        with pytest.raises(openai.NotFoundError) as unknown:
            await create(model="gpt-9", **hello)  # type: ignore[call-overload]  # spelled once
        with pytest.raises(openai.BadRequestError) as bad:
            await create(model="default", messages=[])
        with pytest.raises(openai.RateLimitError) as late:
            await create(model="default", **hello)  # type: ignore[call-overload]  # likewise
    assert (unknown.value.code, unknown.value.param) == ("model.unknown", "model")
    assert "default+agents" in unknown.value.message
    assert (bad.value.code, bad.value.param) == ("request.invalid", "messages")
    assert late.value.response.headers["retry-after"] == "7"


async def test_a_run_that_fails_is_an_error_that_is_not_tried_again() -> None:
    async with talked_to() as door:
        patient = door.client.with_options(max_retries=2)
        with pytest.raises(openai.BadRequestError) as cannot:
            await patient.chat.completions.create(
                model="callsheet", messages=[{"role": "user", "content": "book me a flight to Rome"}]
            )
        with pytest.raises(openai.InternalServerError) as failed:
            await patient.chat.completions.create(
                model="callsheet",
                messages=[{"role": "user", "content": "list the titles on http://127.0.0.1:9/"}],
            )
        runs = door.desk.runs.page(state=None, limit=10, after=None).runs
    assert cannot.value.code == "plan.unsupported_objective"
    assert failed.value.status_code == 502
    assert isinstance(failed.value.response.json()["callsheet"]["runs"][0], str)
    assert failed.value.response.headers["x-should-retry"] == "false"
    assert [run.state.value for run in runs] == ["failed", "failed"]


async def test_the_key_is_asked_for_and_never_told() -> None:
    async with talked_to(Scripted([]), server={"api_key": f"{KEY}-other"}) as door:
        with pytest.raises(openai.AuthenticationError) as refused:
            await door.client.models.list()
        owner = door.client.with_options(api_key=f"{KEY}-other")
        assert len((await owner.models.list()).data) == 3
    assert refused.value.code == "request.unauthenticated"
    assert KEY not in refused.value.response.text


async def test_a_key_that_an_endpoint_says_is_not_told(in_empty_folder: Path) -> None:
    secret = "sk-canary-5f1e77c0a9"
    model = Scripted(
        [says(f"My key is {secret}!", finish="stop"), says(secret[:-1]), says("", ("a", secret))]
    )
    async with talked_to(model, model={"url": "http://127.0.0.1:9/v1", "api_key": secret}) as door:
        hello = {"model": "default", "messages": [{"role": "user", "content": "hello"}]}
        async with httpx.AsyncClient(base_url=door.url) as client:
            stream = await client.post("/v1/chat/completions", json=hello | {"stream": True})
            almost = await client.post("/v1/chat/completions", json=hello)
            called = await client.post("/v1/chat/completions", json=hello)
    pieces = [json.loads(line[6:]) for line in stream.text.split("\n\n") if line.startswith("data: {")]
    said = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert said == "My key is [redacted]!"
    assert almost.json()["choices"][0]["message"]["content"] == secret[:-1]
    assert secret not in called.text


@pytest.mark.parametrize("is_stream", [True, False])
async def test_an_end_that_openai_has_no_word_for_is_a_stop(*, is_stream: bool) -> None:
    model = Scripted([says("Hello.", finish="eos_token")])
    async with talked_to(model) as door:
        asked: dict[str, Any] = {"model": "default", "messages": [{"role": "user", "content": "hello"}]}
        if is_stream:
            chunks = [
                chunk async for chunk in await door.client.chat.completions.create(**asked, stream=True)
            ]
            reason: str | None = chunks[-1].choices[0].finish_reason
        else:
            reason = (await door.client.chat.completions.create(**asked)).choices[0].finish_reason
    assert reason == "stop"


@pytest.mark.parametrize(("status", "kind"), [(400, openai.BadRequestError), (401, openai.APIStatusError)])
async def test_what_an_endpoint_would_not_take_is_the_callers_fault_and_its_key_is_not(
    status: int, *, kind: type[openai.APIStatusError]
) -> None:
    async with talked_to(Scripted([AnsweredStatus(status, "")])) as door:
        with pytest.raises(kind) as told:
            await door.client.chat.completions.create(
                model="default", messages=[{"role": "user", "content": "hello"}]
            )
    assert told.value.code == "provider.http_status"
    assert told.value.status_code == (400 if status == 400 else 503)
