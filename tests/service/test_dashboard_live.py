from __future__ import annotations

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import TraceStatus
from service.dashboard.pages import EVENTS
from tests.service.desk_at_hand import NOON, PLAN, DeskAtHand

HOSTILE = "<script>alert(1)</script> \u202etxt \x1b[31m"
PLAN_ID = load_plan(PLAN).plan_id


async def page(client: httpx.AsyncClient, path: str) -> LexborHTMLParser:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return LexborHTMLParser(answer.text)


def words(tree: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(css)]


def waiting(desk: DeskAtHand) -> None:
    ended = {"list_pages": TraceStatus.SUCCESS}
    state = RunState.AWAITING_APPROVAL
    desk.keep_run("r1", plan=load_plan(PLAN), state=state, started_ms=NOON, subtasks=ended)
    desk.keep_wait("r1", "photos")
    desk.keep_wait("r1", "endings", kind="signal", name="paid", until_ms=NOON + 60_000)


async def test_a_run_says_who_waits_for_what(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    waiting(desk)
    tree = await page(client, "/ui/runs/r1")
    assert words(tree, ".waits li > p") == [
        "photos waits for your approval. Since 17 Nov 2026, 12:00:00 UTC",
        "endings waits for the signal paid, or until 17 Nov 2026, 12:01:00 UTC. Since 17 Nov 2026, 12:00:00 UTC",
    ]
    assert words(tree, ".subtasks .badge") == ["Success", "Awaiting approval", "Parked", "Waiting"]
    assert words(tree, ".live p")[0] == "Waiting for your decision."
    assert [b.attributes["aria-label"] for b in tree.css(".waits button")] == [
        "Approve photos",
        "Reject photos",
    ]


@pytest.mark.parametrize("verdict", ["approve", "reject"])
async def test_a_decision_on_a_page_is_for_the_plan_it_showed(
    client: httpx.AsyncClient, desk: DeskAtHand, verdict: str
) -> None:
    waiting(desk)
    tree = await page(client, "/ui/runs/r1")
    form = next(f for f in tree.css(".waits form") if (f.attributes["action"] or "").endswith(verdict))
    fields = {i.attributes["name"] or "": i.attributes["value"] or "" for i in form.css("input")}
    assert fields == {"plan_id": PLAN_ID, "subtask": "photos"}
    answer = await client.post(form.attributes["action"] or "", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/runs/r1")
    (signal,) = desk.scripted.signals
    assert (signal.name, signal.payload) == (verdict, {"plan_id": PLAN_ID, "subtask": "photos"})


async def test_a_decision_on_another_plan_is_refused(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    waiting(desk)
    for fields in ({"plan_id": "0" * 64}, {}):
        answer = await client.post("/ui/runs/r1/approve", data=fields, headers={"content-type": FORM})
        assert answer.status_code == 409
        assert "approval.plan_changed" in answer.text
    assert desk.scripted.signals == []


FORM = "application/x-www-form-urlencoded"


async def test_no_other_word_is_a_decision(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    waiting(desk)
    assert (await client.post("/ui/runs/r1/signals", data={"plan_id": PLAN_ID})).status_code in {
        404,
        405,
        422,
    }
    assert desk.scripted.signals == []


async def test_a_foreign_page_decides_nothing(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    waiting(desk)
    for verb in ("approve", "reject", "cancel", "retry"):
        answer = await client.post(
            f"/ui/runs/r1/{verb}", data={"plan_id": PLAN_ID}, headers={"origin": "http://evil.example"}
        )
        assert answer.status_code == 403
    assert desk.scripted.signals == []


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED, RunState.REJECTED])
async def test_an_ended_run_offers_to_try_again(
    client: httpx.AsyncClient, desk: DeskAtHand, state: RunState
) -> None:
    desk.keep_run("r1", plan=load_plan(PLAN), state=state)
    form = (await page(client, "/ui/runs/r1")).css_first("form.again")
    assert form is not None
    answer = await client.post(form.attributes["action"] or "")
    assert answer.status_code == 303
    child = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/"))
    assert child.parent_id == "r1"
    links = [a.attributes["href"] for a in (await page(client, f"/ui/runs/{child.run_id}")).css(".facts a")]
    assert links == ["/ui/runs/r1"]


async def test_a_run_that_succeeded_or_goes_on_is_not_tried_again(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1")
    desk.keep_run("r2", state=RunState.RUNNING)
    assert (await page(client, "/ui/runs/r1")).css_first("form.again") is None
    assert (await page(client, "/ui/runs/r2")).css_first("form.again") is None
    assert (await client.post("/ui/runs/r2/retry")).status_code == 409


async def test_a_run_told_to_stop_says_so_and_asks_no_second_time(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING, cancel_reason="too dear")
    tree = await page(client, "/ui/runs/r1")
    assert words(tree, ".live p")[0] == "Stopping."
    assert tree.css_first("#stop") is None
    assert "Stopped becausetoo dear" in words(tree, ".facts div")


async def test_events_stand_newest_first_with_what_they_are_about(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    desk.keep_trace("t1", "r1", "photos", status=TraceStatus.FAILURE, metadata={"item_index": 3})
    desk.scripted.tell("r1", "parked", subtask_id="photos", item_index=3, signal="paid", until_ms=None)
    tree = await page(client, "/ui/runs/r1")
    assert words(tree, ".events tbody th") == ["Parked", "Failure", "Queued"]
    assert words(tree, ".events .preview") == [
        "photos item 3, signal paid",
        "photos item 3, scrape, attempt 1, 1.2 s, scrape.http_status",
        "\N{EN DASH}",
    ]
    assert [a.attributes["href"] for a in tree.css(".events a")] == ["/ui/traces/t1"]


async def test_of_many_events_the_newest_are_shown(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    for number in range(EVENTS + 4):
        desk.scripted.tell("r1", "signalled", name=f"n{number}")
    tree = await page(client, "/ui/runs/r1")
    numbers = [int(n) for n in words(tree, ".events tbody .number")]
    assert numbers == list(range(EVENTS + 5, 5, -1))
    assert f"{EVENTS} of {EVENTS + 5}" in words(tree, "[data-part=events] .note")[0]


async def test_what_events_say_is_text(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", cancel_reason=HOSTILE, state=RunState.CANCELLED)
    desk.scripted.tell("r1", "signalled", name=HOSTILE, **{HOSTILE: HOSTILE})
    text = (await client.get("/ui/runs/r1")).text
    assert "<script" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text


async def test_the_list_says_how_many_runs_wait(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    assert words(await page(client, "/ui/runs"), ".notice") == []
    desk.keep_run("r1", state=RunState.AWAITING_APPROVAL)
    assert words(await page(client, "/ui/runs"), ".notice") == ["1 run waits for somebody. Look at it"]
    desk.keep_run("r2", state=RunState.AWAITING_APPROVAL)
    tree = await page(client, "/ui/runs")
    assert words(tree, ".notice") == ["2 runs wait for somebody. Look at them"]
    (link,) = tree.css(".notice a")
    assert words(await page(client, link.attributes["href"] or ""), ".notice") == []


@pytest.mark.parametrize(
    ("sent", "kept"), [({}, "auto"), ({"approval": "effects"}, "effects"), ({"approval": "odd"}, "plan")]
)
async def test_the_form_says_who_is_asked_first(
    client: httpx.AsyncClient, desk: DeskAtHand, sent: dict[str, str], kept: str
) -> None:
    answer = await client.post("/ui/objectives", data={"objective": "find trucks", **sent})
    run = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/"))
    assert run.approval == kept


async def test_the_script_is_served_as_a_script(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ui/static/live.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "application/javascript"}
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
