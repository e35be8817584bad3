from __future__ import annotations

from typing import Any

import httpx
import pytest

from contracts.errors import OutOfSpace, Unavailable
from contracts.plan import load_plan
from contracts.run import RunState
from service.idempotency import HEADER
from tests.service.desk_at_hand import PLAN, DeskAtHand

READY = load_plan(PLAN)
SEEN = {"If-Match": f'"{READY.plan_id}"'}
ENDED: dict[str, Any] = {"state": RunState.FAILED, "plan": READY}


def awaiting(desk: DeskAtHand, *subtasks: str) -> None:
    desk.keep_run("r1", state=RunState.AWAITING_APPROVAL, plan=READY)
    for subtask in subtasks or ("",):
        desk.keep_wait("r1", subtask, name=READY.plan_id)


async def test_the_plan_comes_with_the_tag_that_approving_asks_for(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    awaiting(desk)
    shown = await client.get("/objectives/r1/plan")
    assert (shown.status_code, shown.json()["plan_id"]) == (200, READY.plan_id)
    approved = await client.post("/objectives/r1/approve", headers={"If-Match": shown.headers["etag"]})
    assert approved.status_code == 202
    (signal,) = desk.scripted.signals
    assert (signal.name, signal.payload) == ("approve", {"plan_id": READY.plan_id, "subtask": None})


async def test_a_run_without_a_plan_has_none_to_show(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.PLANNING)
    answer = await client.get("/objectives/r1/plan")
    assert (answer.status_code, answer.json()["code"]) == (404, "run.not_planned")


async def test_one_subtask_is_rejected_alone(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    awaiting(desk, "photos", "answer")
    rejected = await client.post("/objectives/r1/reject", headers=SEEN, json={"subtask": "photos"})
    assert rejected.status_code == 202
    assert desk.scripted.signals[0].payload == {"plan_id": READY.plan_id, "subtask": "photos"}


async def test_what_a_run_waits_for_stands_in_it(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    awaiting(desk, "photos")
    desk.keep_wait("r1", "answer", kind="signal", name="paid", until_ms=5)
    waits = (await client.get("/objectives/r1")).json()["waits"]
    assert {(w["subtask_id"], w["kind"], w["name"], w["until_ms"]) for w in waits} == {
        ("photos", "approval", READY.plan_id, None),
        ("answer", "signal", "paid", 5),
    }


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "request.if_match"),
        ({"If-Match": "*"}, 428, "request.if_match"),
        ({"If-Match": '"a", "b"'}, 428, "request.if_match"),
        ({"If-Match": f'"{"0" * 64}"'}, 412, "approval.plan_changed"),
        ({"If-Match": f'"{READY.plan_id[:-1]}"'}, 412, "approval.plan_changed"),
    ],
)
async def test_nothing_is_decided_on_a_plan_nobody_saw(
    client: httpx.AsyncClient, desk: DeskAtHand, headers: dict[str, str], status: int, code: str
) -> None:
    awaiting(desk)
    for verb in ("approve", "reject"):
        answer = await client.post(f"/objectives/r1/{verb}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert desk.scripted.signals == []


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_a_decision_names_its_plan_in_the_body_as_well(
    client: httpx.AsyncClient, desk: DeskAtHand, verb: str
) -> None:
    awaiting(desk)
    answer = await client.post(f"/objectives/r1/{verb}", json={"plan_id": READY.plan_id})
    assert answer.status_code == 202
    assert desk.scripted.signals[0].payload == {"plan_id": READY.plan_id, "subtask": None}


async def test_another_plan_in_force_is_told_by_both_names(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    awaiting(desk)
    answer = await client.post("/objectives/r1/approve", json={"plan_id": "0" * 64})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "approval.plan_changed")
    assert READY.plan_id in told["detail"]
    assert "0" * 64 in told["detail"]
    assert READY.plan_id in told["hint"]
    assert desk.scripted.signals == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (SEEN, {"plan_id": READY.plan_id}, 202),
        (SEEN, {"plan_id": "0" * 64}, 422),
        ({"If-Match": f'"{"0" * 64}"'}, {"plan_id": READY.plan_id}, 422),
        ({"If-Match": "*"}, {"plan_id": READY.plan_id}, 428),
        ({}, {"plan_id": READY.plan_id[:12]}, 422),
        ({}, {"plan_id": None}, 428),
    ],
)
async def test_a_decision_is_about_one_plan(
    client: httpx.AsyncClient,
    desk: DeskAtHand,
    headers: dict[str, str],
    body: dict[str, Any],
    status: int,
) -> None:
    awaiting(desk)
    answer = await client.post("/objectives/r1/approve", headers=headers, json=body)
    assert answer.status_code == status, answer.text
    assert len(desk.scripted.signals) == (status == 202)


@pytest.mark.parametrize("body", [{}, {"subtask": "answer"}])
async def test_nothing_is_decided_where_nothing_waits(
    client: httpx.AsyncClient, desk: DeskAtHand, body: dict[str, str]
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING, plan=READY)
    if body:
        desk.keep_wait("r1", "photos", name=READY.plan_id)
    answer = await client.post("/objectives/r1/approve", headers=SEEN, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "run.awaits_nothing")


async def test_a_run_that_is_over_is_not_decided_on(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", **ENDED)
    answer = await client.post("/objectives/r1/approve", headers=SEEN)
    assert (answer.status_code, answer.json()["code"]) == (409, "run.ended")


@pytest.mark.parametrize("verb", ["approve", "reject", "retry", "cancel", "signals"])
async def test_an_unknown_run_is_404_for_every_verb(client: httpx.AsyncClient, verb: str) -> None:
    answer = await client.post(
        f"/objectives/none/{verb}", headers=SEEN, json={"name": "x"} if verb == "signals" else {}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "run.unknown")


async def test_a_signal_is_kept_once_for_its_id(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    body = {"name": "paid", "payload": {"euros": 5}, "signal_id": "s1"}
    answers = [await client.post("/objectives/r1/signals", json=body) for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == {"run_id": "r1", "signal_id": "s1", "name": "paid"}
    assert [(s.signal_id, s.payload) for s in desk.scripted.signals] == [("s1", {"euros": 5})]


async def test_a_signal_may_take_its_id_from_the_requests_key(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    for _ in range(2):
        answer = await client.post("/objectives/r1/signals", json={"name": "go"}, headers={HEADER: "k1"})
        assert answer.json()["signal_id"] == "k1"
    assert len(desk.scripted.signals) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request.invalid"),
        ({"name": "Paid"}, "signal.bad_name"),
        ({"name": "approve"}, "signal.bad_name"),
        ({"name": "reject"}, "signal.bad_name"),
        ({"name": "go", "signal_id": ""}, "request.invalid"),
        ({"name": "go", "signal_id": "a b"}, "request.invalid"),
        ({"name": "go", "payload": "x" * 70_000}, "signal.too_large"),
        ({"name": "go", "more": 1}, "request.invalid"),
    ],
)
async def test_a_signal_that_cannot_be_used_is_refused(
    client: httpx.AsyncClient, desk: DeskAtHand, body: dict[str, Any], code: str
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    answer = await client.post("/objectives/r1/signals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert desk.scripted.signals == []


async def test_a_run_that_is_over_hears_nothing(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", **ENDED)
    answer = await client.post("/objectives/r1/signals", json={"name": "go"})
    assert (answer.status_code, answer.json()["code"]) == (409, "run.ended")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Unavailable("engine.full", "1000 runs are under way or waiting"), 503),
        (Unavailable("engine.draining", "the service is stopping"), 503),
        (OutOfSpace("storage.full", "no space left on the disk"), 507),
    ],
)
async def test_a_run_that_cannot_be_taken_in_says_when_to_come_back(
    client: httpx.AsyncClient, desk: DeskAtHand, refusal: Unavailable, status: int
) -> None:
    desk.keep_run("r1", **ENDED)
    desk.scripted.refusal = refusal
    for path in ("/objectives", "/objectives/r1/retry"):
        answer = await client.post(path, json={"objective": "x"} if path == "/objectives" else {})
        assert (answer.status_code, answer.json()["code"]) == (status, refusal.code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    assert (await client.get("/objectives/r1")).status_code == 200


async def test_the_terms_of_a_run_are_kept(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    body = {"objective": "x", "priority": 7, "approval": "effects", "deadline_s": 90.5}
    taken = (await client.post("/objectives", json=body)).json()
    kept = desk.runs.get(taken["run_id"])
    assert (kept.priority, kept.approval, kept.deadline_ms) == (7, "effects", kept.created_ms + 90_500)
    assert (taken["priority"], taken["approval"], taken["deadline_ms"]) == (7, "effects", kept.deadline_ms)


@pytest.mark.parametrize(
    "terms",
    [{"priority": 101}, {"priority": 0.5}, {"approval": "never"}, {"deadline_s": 0}, {"deadline_s": 1e12}],
)
async def test_terms_beyond_their_bounds_are_refused(
    client: httpx.AsyncClient, terms: dict[str, Any]
) -> None:
    answer = await client.post("/objectives", json={"objective": "x", **terms})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_the_answer_is_the_run_as_it_is_kept(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    body = {"objective": "x", "inputs": {"most": [1, "\u00fc"]}, "plan": PLAN, "deadline_s": 5}
    taken = (await client.post("/objectives", json=body)).json()
    kept = (await client.get(f"/objectives/{taken['run_id']}")).json()
    assert {k: v for k, v in kept.items() if k not in {"traces", "waits"}} == taken
