"""The outlook over HTTP: of an objective, of a plan, of a run that waits; the shape that is documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from contracts.plan import load_plan
from contracts.run import RunState
from service.outlook import desk_outlook
from tests.service.desk_at_hand import PLAN, DeskAtHand, card
from traces.redaction import Redactor

API_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


async def outlook_of(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/plans/outlook", json=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_an_objective_is_planned_and_looked_ahead_of(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    found = await outlook_of(client, objective="find trucks", inputs={"most": 9000})
    assert (
        found["plan"]
        == (await client.post("/plans", json={"objective": "find trucks", "inputs": {"most": 9000}})).json()
    )
    assert found["outlook"]["plan_id"] == found["plan"]["plan_id"]
    assert [s["id"] for s in found["outlook"]["steps"]] == ["list_pages", "photos", "endings", "answer"]
    assert desk.runs.page().runs == ()


async def test_a_plan_keeps_its_name_when_it_is_looked_at(client: httpx.AsyncClient) -> None:
    plan = load_plan(PLAN)
    found = await outlook_of(client, plan=PLAN)
    assert (found["plan"]["plan_id"], found["plan"].get("estimate")) == (plan.plan_id, None)


async def test_the_answer_is_what_the_document_describes(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    found = await outlook_of(client, plan=PLAN)
    schema = {"$ref": "#/components/schemas/Outlook", "components": openapi["components"]}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(found["outlook"])) == []
    described = openapi["components"]["schemas"]
    assert found["outlook"].keys() == described["Outlook"]["properties"].keys()
    assert found["outlook"]["steps"][0].keys() == described["StepOutlook"]["properties"].keys()


async def test_every_field_is_in_the_reference(client: httpx.AsyncClient) -> None:
    found = (await outlook_of(client, plan=PLAN))["outlook"]
    page = API_PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page[page.index("## Before it runs") : page.index("## Lists")]))
    parts = [found, found["steps"][1], found["reasons"][0], found["agents"][0], found["seconds"]]
    parts += [found["steps"][1][name] for name in ("basis", "elements")]
    assert {name for part in parts for name in part} - named == set()


async def test_past_runs_change_what_is_expected(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    before = (await outlook_of(client, plan=PLAN))["outlook"]
    plan = load_plan(PLAN)
    for number in range(6):
        desk.keep_run(f"r{number}", plan=plan)
        desk.keep_trace(f"t{number}", f"r{number}")
    after = (await outlook_of(client, plan=PLAN))["outlook"]
    assert (before["runs"], after["runs"]) == (0, 6)
    assert after["steps"][0]["seconds"]["p50"] == 1.23
    assert after["steps"][0]["basis"] == {"kind": "step", "attempts": 6, "failures": 0}
    assert after["risk"] < before["risk"]


async def test_a_run_that_waits_tells_what_it_waits_with(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    plan = load_plan(
        {**PLAN, "subtasks": [{**PLAN["subtasks"][0], "approval": "always"}], "result_key": "pages"}
    )
    desk.keep_run("r1", state=RunState.AWAITING_APPROVAL, plan=plan)
    answer = await client.get("/objectives/r1/outlook")
    assert answer.headers["etag"] == f'"{plan.plan_id}"'
    assert answer.json()["approvals"] == [
        {"step": "list_pages", "when": "always", "text": "the plan asks for a person here"}
    ]


@pytest.mark.parametrize(("run_id", "code"), [("nobody", "run.unknown"), ("r1", "run.not_planned")])
async def test_a_run_without_a_plan_has_no_outlook(
    client: httpx.AsyncClient, desk: DeskAtHand, run_id: str, code: str
) -> None:
    desk.keep_run("r1", state=RunState.PLANNING)
    answer = await client.get(f"/objectives/{run_id}/outlook")
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request.invalid"),
        ({"objective": "x", "plan": PLAN}, "request.invalid"),
        ({"plan": PLAN, "inputs": {"a": 1}}, "request.invalid"),
        ({"objective": " "}, "plan.empty_objective"),
        ({"objective": "x", "inputs": {"Bad": 1}}, "plan.bad_input"),
        ({"plan": {"objective": "x", "subtasks": []}}, "plan.shape"),
        (
            {"plan": {**PLAN, "plan_id": "0" * 64, "schema": "plan/1", "origin": {"planner": "human"}}},
            "plan.hash_mismatch",
        ),
        ({"objective": "x", "more": 1}, "request.invalid"),
    ],
)
async def test_what_cannot_be_looked_at_is_refused_with_its_code(
    client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answer = await client.post("/plans/outlook", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["hint"] or answer.json()["errors"]


async def test_a_configured_key_is_not_told_back(
    client: httpx.AsyncClient, desk: DeskAtHand, talk: Any
) -> None:
    key = "sk-a-key-that-nobody-may-see"
    desk.use(Redactor((key,)))
    async with talk(server={"api_key": key}) as other:
        answer = await other.post(
            "/plans/outlook", json={"objective": f"use {key}"}, headers={"Authorization": f"Bearer {key}"}
        )
    assert answer.status_code == 200
    assert key not in answer.text
    assert answer.json()["outlook"]["plan_id"] == answer.json()["plan"]["plan_id"]


async def test_the_operators_width_and_limits_are_reckoned_with(desk: DeskAtHand) -> None:
    found = desk_outlook(desk, load_plan(PLAN))
    assert (found.width, found.seconds.most <= desk.settings.run.timeout_s) == (8, True)


async def test_an_agent_that_is_gone_does_not_hide_the_rest(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", plan=load_plan(PLAN))
    desk.registry = type(desk.registry)((card("scrape"),))  # type: ignore[call-arg]  # the registry of tests takes cards
    found = (await client.get("/objectives/r1/outlook")).json()
    assert [s["version"] for s in found["steps"]] == ["1.0.0", "", "", ""]
    assert found["unknown"][0] == "anything about data, time, vision: no such agent is at hand"
