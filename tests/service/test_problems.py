from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.service.desk_at_hand import PLAN, DeskAtHand

JSON = {"Content-Type": "application/json"}


def broken_plan(**changes: Any) -> dict[str, Any]:
    first = {**PLAN["subtasks"][0], **changes}
    return {"plan": {**PLAN, "subtasks": [first, *PLAN["subtasks"][1:]]}}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "route.unknown"),
        ("/objectives/", 404, "route.unknown"),
        ("/objectives/none", 404, "run.unknown"),
        ("/traces/none", 404, "trace.unknown"),
        ("/agents/none", 404, "agent.unknown"),
        ("/traces?status=odd", 422, "request.invalid"),
        ("/traces?limit=0", 422, "request.invalid"),
        ("/traces?limit=many", 422, "request.invalid"),
        ("/traces?after=xyz", 422, "trace.bad_cursor"),
        ("/objectives?after=xyz", 422, "run.bad_cursor"),
        (f"/traces/{'x' * 500}", 422, "request.invalid"),
    ],
)
async def test_what_cannot_be_answered_says_so_in_a_problem(
    client: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code)
    assert found["type"] == f"urn:callsheet:error:{code}"
    assert found["title"]
    assert found["detail"]
    assert found["instance"] == path.partition("?")[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"objective": ""}, "plan.empty_objective"),
        ({"objective": " \n "}, "plan.empty_objective"),
        ({"objective": "x" * 1_000_000}, "plan.objective_too_long"),
        ({}, "request.invalid"),
        ({"objective": "x", "inputs": {"Bad Name": 1}}, "plan.bad_input"),
        ({"objective": 5}, "request.invalid"),
        ({"objective": "x", "surprise": 1}, "request.invalid"),
        ([], "request.invalid"),
        ({"plan": {"objective": "x"}}, "plan.shape"),
        (broken_plan(dependencies=["answer"]), "plan.cycle"),
        (broken_plan(dependencies=["nobody"]), "plan.dangling_dependency"),
        (broken_plan(output_key="seen"), "plan.two_writers"),
    ],
)
async def test_a_body_that_cannot_be_used_names_its_fault(
    client: httpx.AsyncClient, body: Any, code: str
) -> None:
    answer = await client.post("/objectives", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert len(answer.content) < 20_000


async def test_every_problem_of_a_plan_is_listed(client: httpx.AsyncClient) -> None:
    body = broken_plan(dependencies=["nobody", "nowhere"], output_key="seen")
    found = (await client.post("/objectives", json=body)).json()
    assert {e["code"] for e in found["errors"]} == {"plan.dangling_dependency", "plan.two_writers"}
    assert all(e["pointer"].startswith("/subtasks/") for e in found["errors"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "json.malformed"),
        (b"", "json.malformed"),
        (b'{"objective": NaN}', "json.malformed"),
        (b'{"objective": "a", "objective": "b"}', "json.malformed"),
        (b'{"objective": "\xff"}', "json.encoding"),
        (b'{"objective": "\\ud800"}', "json.encoding"),
        (b'{"inputs":' + b"[" * 100_000, "json.too_deep"),
    ],
)
async def test_json_that_is_none_is_refused_without_a_crash(
    client: httpx.AsyncClient, text: bytes, code: str
) -> None:
    answer = await client.post("/objectives", content=text, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_body_of_another_kind_is_415(client: httpx.AsyncClient) -> None:
    answer = await client.post("/plans", content=b"objective=x", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "request.media_type")


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_beyond_the_cap_is_413(client: httpx.AsyncClient, *, is_chunked: bool) -> None:
    async def chunks() -> Any:
        for _ in range(30):
            yield b"x" * 100_000

    content = chunks() if is_chunked else b"x" * 3_000_000
    answer = await client.post("/objectives", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/objectives", "GET, POST"),
        ("DELETE", "/traces/t1", "GET"),
        ("GET", "/plans", "POST"),
        ("POST", "/healthz", "GET"),
    ],
)
async def test_another_method_is_405_with_all_that_are_allowed(
    client: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "route.method")
    assert answer.headers["allow"] == allow


async def test_a_defect_of_ours_shows_no_traceback(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.post("/plans", json={"objective": "crash"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.error")
    assert "request_id" in answer.json()["hint"]
    assert "RuntimeError" not in answer.text
    assert "/root/x" not in answer.text


async def test_a_long_wrong_value_is_not_sent_back_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get("/" + "a" * 8_000)
    assert answer.status_code == 404
    assert len(answer.content) < 4_000


async def test_a_character_utf8_cannot_spell_does_not_break_an_answer(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.parts["database"] = "bad \ud800 name"
    answer = await client.get("/readyz")
    assert json.loads(answer.content)["parts"]["database"] == "bad ? name"
