"""Plans over HTTP: checked with every reason, compared with what goes further."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contracts.structure import seal
from tests.service.desk_at_hand import DeskAtHand

PLAN: dict[str, Any] = {
    "objective": "read a page",
    "subtasks": [
        {
            "id": "list_pages",
            "objective": "Read every page of listings",
            "required_agent": "scrape",
            "dependencies": [],
            "input_keys": [],
            "bind": {"url": {"literal": "https://x.test/"}},
            "output_key": "pages",
        }
    ],
}


def changed(**fields: Any) -> dict[str, Any]:
    first, *rest = PLAN["subtasks"]
    return {**PLAN, "subtasks": [{**first, **fields}, *rest]}


async def test_a_sound_plan_is_said_to_be_sound_and_not_kept(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    answer = await client.post("/plans/check", json={"plan": PLAN})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["plan_id"], found["sound"], found["subtasks"]) == (
        seal(PLAN)["plan_id"],
        True,
        len(PLAN["subtasks"]),
    )
    assert desk.runs.page().runs == ()


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"required_agent": "scraper"}, "plan.unknown_agent", "/subtasks/0/required_agent"),
        ({"dependencies": ["nobody"]}, "plan.dangling_dependency", "/subtasks/0/dependencies/0"),
        ({"dependencies": ["list_pages"]}, "plan.self_dependency", "/subtasks/0/dependencies/0"),
        ({"budget": {"memory_mb": 1}}, "plan.unsupported", "/subtasks/0/budget/memory_mb"),
        ({"retries": 1.0}, "plan.shape", "/subtasks/0/retries"),
    ],
)
async def test_a_refusal_names_the_step_the_reason_and_the_next_step(
    client: httpx.AsyncClient, fields: Any, code: str, pointer: str
) -> None:
    answer = await client.post("/plans/check", json={"plan": changed(**fields)})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    (error,) = [e for e in found["errors"] if e["code"] == code]
    assert error["pointer"] == pointer
    assert "list_pages" in error["message"]
    assert error["hint"]
    assert found["code"] == found["errors"][0]["code"]


async def test_a_plan_in_two_places_wrong_is_told_both(client: httpx.AsyncClient) -> None:
    wrong = changed(required_agent="scraper", budget={"memory_mb": 1})
    found = (await client.post("/plans/check", json={"plan": wrong})).json()
    assert {e["code"] for e in found["errors"]} >= {"plan.unknown_agent", "plan.unsupported"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/plans/check", {}),
        ("/plans/check", {"plan": []}),
        ("/plans/check", {"plan": PLAN, "more": 1}),
        ("/plans/diff", {"old": PLAN}),
    ],
)
async def test_a_body_of_another_form_is_refused(client: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_plan_too_deep_to_read_is_refused_like_any_json(client: httpx.AsyncClient) -> None:
    deep = json.dumps({"plan": {**PLAN, "inputs": {"a": 0}}}).replace(": 0", ": " + "[" * 90 + "]" * 90)
    answer = await client.post("/plans/check", content=deep, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "json.too_deep")


async def test_two_plans_are_compared(client: httpx.AsyncClient) -> None:
    new = changed(bind={"url": {"literal": "https://evil.test/"}}, retries=2)
    found = (await client.post("/plans/diff", json={"old": PLAN, "new": new})).json()
    assert found["same"] is False
    assert found["widens"][0] == "reaches for the host evil.test; it did not before"
    assert {c["field"] for step in found["changed"] for c in step["changes"]} == {"bind.url", "retries"}
    assert found["lines"][0] == f"! {found['widens'][0]}"
    assert (found["old"], found["new"]) == (seal(PLAN)["plan_id"], seal(new)["plan_id"])


async def test_a_plan_is_the_same_as_itself(client: httpx.AsyncClient) -> None:
    found = (await client.post("/plans/diff", json={"old": PLAN, "new": seal(PLAN)})).json()
    assert (found["same"], found["lines"], found["changed"]) == (True, ["nothing changed"], [])


@pytest.mark.parametrize("side", ["old", "new"])
async def test_a_plan_that_is_none_is_named_by_its_side(client: httpx.AsyncClient, side: str) -> None:
    body = {"old": PLAN, "new": PLAN} | {side: changed(dependencies=["nobody"])}
    answer = await client.post("/plans/diff", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{side}/subtasks/0/dependencies/0"


async def test_the_answers_are_what_the_document_describes(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["components"]["schemas"]
    checked = (await client.post("/plans/check", json={"plan": PLAN})).json()
    compared = (await client.post("/plans/diff", json={"old": PLAN, "new": PLAN})).json()
    assert checked.keys() == described["CheckAnswer"]["properties"].keys()
    assert compared.keys() == described["DiffAnswer"]["properties"].keys()
