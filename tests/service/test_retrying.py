from __future__ import annotations

from typing import Any

import httpx
import pytest

from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import TraceStatus
from service.idempotency import HEADER
from storage.rows import ValueRow, insert_value
from tests.service.desk_at_hand import PLAN, DeskAtHand

READY = load_plan(PLAN)
ENDED: dict[str, Any] = {"state": RunState.FAILED, "plan": READY}


async def test_trying_again_makes_a_child_that_says_whose(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", **ENDED)
    answer = await client.post("/objectives/r1/retry")
    child = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/objectives/{child['run_id']}"
    assert (child["parent_id"], child["state"]) == ("r1", "queued")
    assert child["run_id"] != "r1"


async def test_trying_again_twice_with_one_key_makes_one_child(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", **ENDED)
    desk.keep_run("r2", **ENDED)
    answers = [await client.post("/objectives/r1/retry", headers={HEADER: "k"}) for _ in range(2)]
    other = await client.post("/objectives/r2/retry", headers={HEADER: "k"})
    assert len({a.json()["run_id"] for a in answers}) == 1
    assert (other.status_code, other.json()["code"]) == (422, "request.key_mismatch")
    assert desk.made == 1


async def test_what_goes_on_cannot_be_tried_again(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING, plan=READY)
    answer = await client.post("/objectives/r1/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "run.not_ended")


async def test_what_lost_its_secrets_cannot_be_tried_again(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", **ENDED, is_redacted=True)
    answer = await client.post("/objectives/r1/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "run.redacted")


def unsettled(desk: DeskAtHand) -> None:
    subtasks = {"list_pages": TraceStatus.SUCCESS, "photos": TraceStatus.FAILURE}
    desk.keep_run("r1", **ENDED, subtasks=subtasks)
    desk.keep_trace("t1", "r1", "list_pages")
    value = ValueRow("r1", "pages", "list_pages", is_redacted=False, value="[]")
    desk.database.commit([insert_value(value)]).result()
    desk.keep_trace("t2", "r1", "photos", status=TraceStatus.FAILURE, code="effect.unknown")


async def test_an_effect_nobody_knows_of_is_not_tried_again(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    unsettled(desk)
    answer = await client.post("/objectives/r1/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "effect.unsettled")
    assert answer.json()["subtasks"] == ["photos"]
    assert "photos" in answer.json()["detail"]
    assert desk.made == 0


async def test_an_effect_stays_unknown_however_its_run_ended(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    unsettled(desk)
    about = {"attempt": 0}
    desk.keep_trace("t3", "r1", "photos", status=TraceStatus.CANCELLED, metadata=about)
    answer = await client.post("/objectives/r1/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "effect.unsettled")


@pytest.mark.parametrize("settled", [{"outcome": "done", "output": [1]}, {"outcome": "not_done"}])
async def test_an_effect_a_person_settled_is_gone_on_from(
    client: httpx.AsyncClient, desk: DeskAtHand, settled: dict[str, Any]
) -> None:
    unsettled(desk)
    answer = await client.post("/objectives/r1/retry", json={"settled": {"photos": settled}})
    assert answer.status_code == 202
    assert desk.made == 1


@pytest.mark.parametrize(
    ("settled", "code"),
    [
        ({"nobody": {"outcome": "done"}}, "effect.bad_settlement"),
        ({"photos": {"outcome": "perhaps"}}, "request.invalid"),
        ({"photos": "done"}, "request.invalid"),
        ([], "request.invalid"),
    ],
)
async def test_a_settlement_that_says_nothing_is_refused(
    client: httpx.AsyncClient, desk: DeskAtHand, settled: Any, code: str
) -> None:
    unsettled(desk)
    answer = await client.post("/objectives/r1/retry", json={"settled": settled})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def half_done(desk: DeskAtHand, *, last: str) -> None:
    """Keep a run of whose list one element was done and one was not."""
    desk.keep_run("r1", **ENDED, subtasks={"list_pages": TraceStatus.FAILURE})
    desk.keep_trace("t1", "r1", metadata={"item_index": 0}, output={"sent": 0})
    desk.keep_trace("t2", "r1", metadata={"item_index": 1}, status=TraceStatus.FAILURE, code=last)


@pytest.mark.parametrize("last", ["scrape.http_status", "effect.unknown"])
async def test_elements_that_were_done_are_not_done_again(
    client: httpx.AsyncClient, desk: DeskAtHand, last: str
) -> None:
    half_done(desk, last=last)
    settled = {"list_pages": {"outcome": "not_done"}} if last == "effect.unknown" else {}
    answer = await client.post("/objectives/r1/retry", json={"settled": settled})
    assert answer.status_code == 202
    kept = [(r.subtask_id, r.item_index, r.attempt, r.output) for r, _ in desk.scripted.taken_over]
    assert kept == [("list_pages", 0, 0, {"sent": 0})]


async def test_a_list_that_gave_its_output_is_taken_over_whole(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", **ENDED, subtasks={"list_pages": TraceStatus.PARTIAL_SUCCESS})
    desk.keep_trace("t1", "r1", metadata={"item_index": 0}, output=1)
    await client.post("/objectives/r1/retry")
    assert desk.scripted.taken_over == []


async def test_what_a_subtask_gave_is_never_made_again_because_it_is_hidden(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", **ENDED, subtasks={"list_pages": TraceStatus.SUCCESS})
    answer = await client.post("/objectives/r1/retry")
    assert (answer.status_code, answer.json()["code"]) == (500, "storage.damaged")
    assert desk.made == 0
