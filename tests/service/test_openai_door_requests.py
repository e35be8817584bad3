"""What may stand in a request, and what is refused and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.errors import CallsheetError
from service.app import create_app
from service.settings import load_settings
from tests.service.conftest import Opener
from tests.service.desk_at_hand import BASE, DeskAtHand
from tests.service.talking import Scripted, Shelf, says

HELLO: dict[str, Any] = {"model": "default", "messages": [{"role": "user", "content": "hello"}]}
COMPLETIONS = "/v1/chat/completions"


@pytest.fixture
def model(desk: DeskAtHand) -> Scripted:
    scripted = Scripted([says("Hello.")])
    desk.models = Shelf({"default": scripted})
    return scripted


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"modalities": ["audio"]}, "modalities[0]"),
        ({"functions": []}, "functions"),
        ({"no_such_field": 1}, "no_such_field"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a"] * 5}, "stop.list[constrained-str]"),
        ({"tools": [{"type": "function", "function": {"name": "no good"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a"}}] * 2}, "tools"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
        ({"messages": []}, "messages"),
        ({"model": ""}, "model"),
    ],
)
async def test_what_cannot_be_heeded_is_refused_by_its_field(
    client: httpx.AsyncClient, model: Scripted, more: dict[str, Any], *, param: str
) -> None:
    answer = await client.post(COMPLETIONS, json=HELLO | more)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error"), error
    assert error["code"] == "request.invalid"
    assert error["param"].startswith(param.partition(".list")[0])
    assert model.heard == []


@pytest.mark.parametrize(
    "more",
    [
        {"user": "u1", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"},
        {"n": 1, "logprobs": False, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}},
        {"reasoning_effort": "low", "verbosity": "low", "prompt_cache_key": "k", "safety_identifier": "s"},
        {
            "modalities": ["text"],
            "tools": [],
            "tool_choice": "none",
            "stop": None,
            "response_format": {"type": "text"},
        },
        {"stream": False, "stream_options": None, "top_logprobs": None},
    ],
)
async def test_what_asks_for_nothing_is_taken(
    client: httpx.AsyncClient, model: Scripted, more: dict[str, Any]
) -> None:
    answer = await client.post(COMPLETIONS, json=HELLO | more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "Hello."
    assert len(model.heard) == 1


async def test_a_picture_is_refused_and_the_part_is_named(client: httpx.AsyncClient, model: Scripted) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    sent = HELLO | {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, picture]}]}
    error = (await client.post(COMPLETIONS, json=sent)).json()["error"]
    assert (error["code"], error["param"]) == ("talk.unsupported", "messages[0].content[1]")
    assert "image_url" in error["message"]
    assert model.heard == []


async def test_an_earlier_turn_of_the_model_may_be_sent_back_as_it_came(
    client: httpx.AsyncClient, model: Scripted
) -> None:
    call = {"id": "c0", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": "find"},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": [],
            "audio": None,
            "tool_calls": [call],
        },
        {"role": "tool", "tool_call_id": "c0", "content": "found"},
    ]
    answer = await client.post(COMPLETIONS, json=HELLO | {"messages": turns})
    assert answer.status_code == 200, answer.text
    _, turn, result = model.heard[0].messages
    assert (turn.tool_calls[0].id, turn.tool_calls[0].name) == ("c0", "find")
    assert (result.role, result.tool_call_id, result.content) == ("tool", "c0", "found")


@pytest.mark.parametrize(
    ("form", "name", "schema"),
    [
        ({"type": "json_object"}, "object", {"type": "object"}),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "age", "schema": {"type": "integer"}, "strict": True},
            },
            "age",
            {"type": "integer"},
        ),
    ],
)
async def test_a_response_format_becomes_the_shape_of_the_answer(
    client: httpx.AsyncClient, model: Scripted, form: dict[str, Any], *, name: str, schema: dict[str, Any]
) -> None:
    await client.post(COMPLETIONS, json=HELLO | {"response_format": form})
    shape = model.heard[0].options.shape
    assert shape is not None
    assert (shape.name, shape.schema) == (name, schema)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, 100),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 5000}, 100),
    ],
)
async def test_a_completion_has_at_most_the_tokens_that_the_operator_allows(
    desk: DeskAtHand, model: Scripted, asked: dict[str, int], *, given: int
) -> None:
    desk.settings = load_settings({"chat": {"max_tokens": 100, "wait_s": 20}})
    transport = httpx.ASGITransport(create_app(desk))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        await client.post(COMPLETIONS, json=HELLO | asked)
    assert model.heard[0].max_tokens == given
    assert model.heard[0].options.timeout_s == 20


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "json.malformed"),
        (b"[" * 100 + b"]" * 100, 400, "json.too_deep"),
        (b'{"model": NaN}', 400, "json.malformed"),
        (b"[]", 400, "request.invalid"),
        (b" " * 3_000_000, 413, "request.too_large"),
    ],
)
async def test_a_body_that_is_none_is_refused_in_the_same_form(
    client: httpx.AsyncClient, *, body: bytes, status: int, code: str
) -> None:
    answer = await client.post(COMPLETIONS, content=body, headers={"content-type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("path", "status", "code", "kind"),
    [
        ("/v1/models/none", 404, "model.unknown", "not_found_error"),
        ("/v1/nothing", 404, "route.unknown", "not_found_error"),
        ("/v1/chat/completions", 405, "route.method", "invalid_request_error"),
    ],
)
async def test_what_is_not_there_is_told_in_the_same_form(
    client: httpx.AsyncClient, *, path: str, status: int, code: str, kind: str
) -> None:
    answer = await client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, code, kind)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"tools": [{"type": "function", "function": {"name": "find"}}]}, "talk.unsupported"),
        ({"tool_choice": "required"}, "talk.unsupported"),
        ({"messages": [{"role": "system", "content": "x"}]}, "talk.nothing_asked"),
        ({"messages": [{"role": "user", "content": " "}]}, "plan.empty_objective"),
        ({"messages": [{"role": "user", "content": "x" * 5000}]}, "plan.objective_too_long"),
    ],
)
async def test_the_service_itself_refuses_what_is_no_objective(
    client: httpx.AsyncClient, desk: DeskAtHand, sent: dict[str, Any], *, code: str
) -> None:
    answer = await client.post(COMPLETIONS, json=HELLO | {"model": "callsheet"} | sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert desk.made == 0


async def test_the_same_request_with_the_same_key_runs_once(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.scripted.ends_at_once = True
    sent = HELLO | {"model": "callsheet"}
    answers = [
        await client.post(COMPLETIONS, json=sent, headers={"idempotency-key": "order-17"}) for _ in range(2)
    ]
    runs = [answer.json()["callsheet"]["runs"] for answer in answers]
    other = await client.post(
        COMPLETIONS, json=sent | {"user": "another"}, headers={"idempotency-key": "order-17"}
    )
    assert runs == [["run1"], ["run1"]] or runs[0] == runs[1]
    assert desk.made == 1
    assert other.json()["error"]["code"] == "request.key_mismatch"


async def test_a_client_without_the_key_gets_nothing(talk: Opener, desk: DeskAtHand) -> None:
    async with talk({"api_key": "a-key-of-sixteen-or-more"}) as client:
        for path in ("/v1/models", "/v1/tools"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
        posted = await client.post(COMPLETIONS, json=HELLO)
    assert posted.status_code == 401


async def test_a_tool_call_is_run_only_with_arguments_that_fit(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.scripted.ends_at_once = True
    wrong = [{"arguments": "{"}, {"arguments": "[]"}, {"arguments": {"a.b": 1}}]
    codes = [(await client.post("/v1/tools/time", json=sent)).json()["error"]["code"] for sent in wrong]
    unknown = (await client.post("/v1/tools/rm_rf", json={})).json()["error"]
    ran = await client.post("/v1/tools/wasm_echo", json={"arguments": json.dumps({"url": "x"})})
    assert codes == ["tool.bad_arguments"] * 3
    assert unknown["code"] == "tool.unknown"
    assert (ran.status_code, ran.json()["state"], desk.made) == (200, "succeeded", 1)


def test_the_settings_of_conversations_are_bounded(in_empty_folder: Path) -> None:
    for field, value in (("at_once", 0), ("wait_s", 0), ("max_tokens", 0), ("rounds", 51)):
        with pytest.raises(CallsheetError, match=f"chat.{field}"):
            load_settings({"chat": {field: value}})
