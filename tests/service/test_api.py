from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import TraceStatus
from tests.service.desk_at_hand import PLAN, DeskAtHand
from traces.redaction import Redactor


async def test_an_objective_is_taken_in_with_where_to_look(client: httpx.AsyncClient) -> None:
    answer = await client.post("/objectives", json={"objective": "find trucks"})
    assert answer.status_code == 202
    assert answer.headers["location"] == "/objectives/run1"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["state"] == "queued"
    assert (await client.get(answer.headers["location"])).json()["objective"] == "find trucks"


async def test_a_wait_that_sees_the_end_answers_200(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.scripted.ends_at_once = True
    answer = await client.post("/objectives", json={"objective": "x"}, headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert answer.headers["preference-applied"] == "wait=5"


async def test_a_wait_that_runs_out_answers_202(client: httpx.AsyncClient) -> None:
    answer = await client.post("/objectives", json={"objective": "x"}, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"


async def test_a_wait_is_cut_to_what_the_operator_allows(talk: Any, desk: DeskAtHand) -> None:
    desk.scripted.ends_at_once = True
    async with talk(server={"wait_s_max": 7}) as client:
        answer = await client.post(
            "/objectives", json={"objective": "x"}, headers={"Prefer": "respond-async, wait=900"}
        )
    assert answer.headers["preference-applied"] == "wait=7"


async def test_a_run_that_ends_meanwhile_ends_the_wait(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    asked = asyncio.ensure_future(
        client.post("/objectives", json={"objective": "x"}, headers={"Prefer": "wait=30"})
    )
    while "run1" not in desk.scripted.ended:
        await asyncio.wait({asked}, timeout=0.01)
    desk.scripted.end(desk.runs.get("run1"))
    assert (await asked).status_code == 200


async def test_a_plan_brought_along_is_run_without_words(client: httpx.AsyncClient) -> None:
    answer = await client.post("/objectives", json={"plan": PLAN})
    assert answer.status_code == 202
    assert answer.json()["objective"] == "find trucks"
    assert answer.json()["plan"]["subtasks"][0]["id"] == "list_pages"


async def test_planning_only_keeps_nothing(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    answer = await client.post("/plans", json={"objective": "find trucks", "inputs": {"most": 9000}})
    assert answer.status_code == 200
    assert answer.json()["inputs"] == {"most": 9000}
    assert desk.runs.page().runs == ()


async def test_lists_walk_back_by_their_links(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    for number in range(5):
        desk.keep_run(f"r{number}")
    seen: list[str] = []
    path: str | None = "/objectives?limit=2&state=succeeded"
    while path:
        answer = await client.get(path)
        seen += [run["run_id"] for run in answer.json()["objectives"]]
        path = answer.links.get("next", {}).get("url")
    assert seen == ["r4", "r3", "r2", "r1", "r0"]


async def test_traces_are_found_by_agent_status_and_run(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    desk.keep_run("r2")
    desk.keep_trace("t1", "r1")
    desk.keep_trace("t2", "r1", agent_type="vision", status=TraceStatus.FAILURE)
    desk.keep_trace("t3", "r2", agent_type="vision")

    async def ids(query: str) -> list[str]:
        return [t["trace_id"] for t in (await client.get(f"/traces?{query}")).json()["traces"]]

    assert await ids("agent=vision") == ["t3", "t2"]
    assert await ids("agent=vision&status=failure") == ["t2"]
    assert await ids("run=r1") == ["t2", "t1"]


async def test_a_trace_has_its_nine_fields(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    desk.keep_trace("t1", "r1", output={"title": "Trucks"})
    found = (await client.get("/traces/t1")).json()
    assert len(found) == 9
    assert found["output"] == {"title": "Trucks"}


async def test_a_run_comes_with_its_traces_in_short(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    desk.keep_trace("t1", "r1", output="a page")
    found = (await client.get("/objectives/r1")).json()
    assert found["traces"]["next"] is None
    assert [(t["trace_id"], t["preview"]) for t in found["traces"]["traces"]] == [("t1", "a page")]


async def test_a_run_can_be_stopped_once(client: httpx.AsyncClient) -> None:
    await client.post("/objectives", json={"objective": "x"})
    stopped = await client.post("/objectives/run1/cancel")
    assert (stopped.status_code, stopped.json()["state"]) == (202, "cancelled")
    again = await client.post("/objectives/run1/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "run.ended")


async def test_agents_are_shown_by_their_cards(client: httpx.AsyncClient) -> None:
    names = [card["name"] for card in (await client.get("/agents")).json()["agents"]]
    assert names == ["data", "scrape", "time", "vision", "wasm:echo"]
    assert (await client.get("/agents/wasm:echo")).json()["version"] == "1.0.0"


async def test_health_needs_nothing_and_readiness_says_why(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    desk.parts["database"] = "the disk is full"
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "parts": {"database": "the disk is full"}}


async def test_the_api_describes_itself_with_its_refusals(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert {path for path in document["paths"] if not path.startswith(("/v1/", "/api/"))} == {
        "/objectives",
        "/objectives/{run_id}",
        "/objectives/{run_id}/approve",
        "/objectives/{run_id}/cancel",
        "/objectives/{run_id}/events",
        "/objectives/{run_id}/outlook",
        "/objectives/{run_id}/plan",
        "/objectives/{run_id}/reject",
        "/objectives/{run_id}/retry",
        "/objectives/{run_id}/signals",
        "/plans",
        "/plans/outlook",
        "/plans/diff",
        "/plans/check",
        "/traces",
        "/traces/{trace_id}",
        "/agents",
        "/agents/{name}",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    post = document["paths"]["/objectives"]["post"]
    assert {"200", "202", "401", "403", "408", "413", "415", "421", "422", "503"} <= set(post["responses"])
    assert set(post["responses"]["422"]["content"]) == {"application/problem+json"}
    assert "objective" in post["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {p["name"] for p in post["parameters"]} == {"Idempotency-Key", "Prefer"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FAILED])
async def test_runs_are_found_by_their_state(
    client: httpx.AsyncClient, desk: DeskAtHand, state: RunState
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    desk.keep_run("r2", state=RunState.FAILED)
    found = (await client.get(f"/objectives?state={state}")).json()["objectives"]
    assert [run["state"] for run in found] == [state]


CANARY = "sk-modelcanary-987654321"


async def test_a_plan_is_answered_without_configured_keys(talk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__API_KEY", CANARY)
    body = {"objective": f"use {CANARY}", "inputs": {"note": [CANARY], "password": "own"}}
    async with talk() as client:
        answer = await client.post("/plans", json=body)
    assert CANARY not in answer.text
    assert load_plan(answer.json()).inputs == {"note": ["[redacted]"], "password": "own"}


async def test_the_page_of_a_plan_shows_no_configured_key(talk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__API_KEY", CANARY)
    form = {"objective": f"use {CANARY}", "action": "plan"}
    async with talk() as client:
        answer = await client.post("/ui/plans", data=form)
    assert answer.status_code == 200
    assert CANARY not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Prefer": "wait=0"}])
async def test_an_objective_is_answered_as_it_is_kept(
    client: httpx.AsyncClient, desk: DeskAtHand, headers: dict[str, str]
) -> None:
    desk.use(Redactor([CANARY]))
    body = {"objective": f"use {CANARY}", "plan": {**PLAN, "inputs": {"api_key": "own"}}}
    answer = await client.post("/objectives", json=body, headers=headers)
    assert answer.status_code == 202
    assert CANARY not in answer.text
    assert answer.json()["plan"]["inputs"] == {"api_key": "[redacted]"}
