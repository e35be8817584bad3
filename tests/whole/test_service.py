"""The service over the real house: an objective comes in by HTTP and leaves its receipts; no secret does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.plan import load_plan
from contracts.policy import Grant
from service.app import create_app
from service.compose import open_desk
from service.settings import load_settings

CANARY = "canary-4be19a77c0d35e"


@pytest.fixture
async def client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLSHEET_SERVER__API_KEY", CANARY)
    settings = load_settings()
    grant = Grant(kind="private_host", value=hostile, by="test")
    async with open_desk(settings, grants=(grant,)) as desk:
        transport = httpx.ASGITransport(create_app(desk), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {CANARY}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8765", headers=headers
        ) as made:
            yield made


async def test_an_objective_taken_in_is_planned_run_and_traced(
    client: httpx.AsyncClient, hostile: str
) -> None:
    sent = {"objective": f"list the titles on http://{hostile}/ok"}
    taken = await client.post("/objectives", json=sent, headers={"prefer": "wait=20"})
    assert taken.status_code == 200, taken.text
    run = taken.json()
    assert run["state"] == "succeeded"
    assert "Fine" in str(run["result"])
    traces = (await client.get("/traces", params={"run": run["run_id"]})).json()["traces"]
    assert {t["agent_type"] for t in traces} >= {"scrape"}
    whole = (await client.get(f"/traces/{traces[0]['trace_id']}")).json()
    assert len(whole) == 9


async def test_an_objective_that_names_a_private_host_without_a_grant_fails_by_its_code(
    client: httpx.AsyncClient,
) -> None:
    sent = {"objective": "list the titles on http://127.0.0.1:9/"}
    run = (await client.post("/objectives", json=sent, headers={"prefer": "wait=20"})).json()
    assert run["state"] == "failed"
    traces = (await client.get("/traces", params={"run": run["run_id"], "status": "failure"})).json()[
        "traces"
    ]
    assert traces[0]["error_code"] == "egress.private_address"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"objective": ""}, "plan.empty_objective"),
        ({"objective": "x" * 1_000_000}, "plan.objective_too_long"),
        ({"objective": "book me a flight to Rome"}, "plan.unsupported_objective"),
    ],
)
async def test_a_plan_that_cannot_be_made_is_a_problem_with_its_code(
    client: httpx.AsyncClient, sent: dict[str, Any], code: str
) -> None:
    answer = await client.post("/plans", json=sent)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == code


async def test_a_secret_is_in_no_file_page_or_answer(
    client: httpx.AsyncClient, tmp_path: Path, hostile: str
) -> None:
    step = {
        "id": "a", "objective": f"keep {CANARY}", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
        "bind": {"note": {"literal": f"key={CANARY}"}, "Authorization": {"literal": CANARY}}, "output_key": "k",
    }  # fmt: skip
    plan = {"objective": f"say {CANARY}", "subtasks": [step]}
    sent = {"objective": f"say {CANARY}", "plan": plan, "inputs": {"password": CANARY}}
    taken = await client.post("/objectives", json=sent, headers={"prefer": "wait=20"})
    assert taken.status_code == 200, taken.text
    run_id = taken.json()["run_id"]
    pages = [
        "/objectives",
        f"/objectives/{run_id}",
        "/traces",
        f"/ui/runs/{run_id}",
        "/ui/traces",
        "/ui/runs",
    ]
    traces = (await client.get("/traces")).json()["traces"]
    pages += [f"/traces/{t['trace_id']}" for t in traces] + [f"/ui/traces/{t['trace_id']}" for t in traces]
    for page in pages:
        answer = await client.get(page)
        assert answer.status_code == 200, page
        assert CANARY not in answer.text, page
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(written) >= 2
    assert [p for p in written if CANARY.encode() in p.read_bytes()] == []


async def test_only_a_plan_a_person_wrote_names_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    step: dict[str, Any] = {
        "id": "a", "objective": "read http://evil.example/", "required_agent": "scrape", "dependencies": [],
        "input_keys": [], "bind": {"url": {"literal": "http://evil.example/"}}, "output_key": "k",
    }  # fmt: skip
    async with open_desk(load_settings()) as desk:
        for planner, hosts in (("human", {"good.example", "evil.example"}), ("llm", {"good.example"})):
            plan = load_plan({"objective": "x", "subtasks": [step], "origin": {"planner": planner}})
            assert set(desk.policy("read http://good.example/", {}, plan).hosts) == hosts
