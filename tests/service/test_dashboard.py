from __future__ import annotations

import httpx
import pytest
from pydantic import JsonValue
from selectolax.lexbor import LexborHTMLParser, LexborNode

from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import TraceStatus
from service.dashboard.pages import PAGE
from tests.service.desk_at_hand import NOON, PLAN, DeskAtHand

HOSTILE = "\"'><script>alert(1)</script>&amp; \u202etxt.exe \x1b[31m ${7*7} {{7*7}}"


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> LexborHTMLParser:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return LexborHTMLParser(answer.text)


def one(tree: LexborHTMLParser, css: str) -> LexborNode:
    found = tree.css_first(css)
    assert found is not None, css
    return found


def words(tree: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(css)]


async def test_the_root_leads_to_the_runs(client: httpx.AsyncClient) -> None:
    for path in ("/", "/ui"):
        assert (await client.get(path)).headers["location"] == "/ui/runs"


async def test_runs_are_listed_newest_first_with_their_state(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", objective="first")
    desk.keep_run("r2", objective="second", state=RunState.FAILED)
    tree = await page(client, "/ui/runs")
    assert words(tree, ".runs h2") == ["second", "first"]
    assert words(tree, ".runs .badge") == ["Failed", "Succeeded"]
    assert words(await page(client, "/ui/runs?state=failed"), ".runs h2") == ["second"]


async def test_older_runs_stand_behind_a_link(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    for number in range(PAGE + 1):
        desk.keep_run(f"r{number}", objective=f"objective {number}")
    link = one(await page(client, "/ui/runs"), "a[rel=next]")
    older = await page(client, link.attributes["href"] or "")
    assert words(older, ".runs h2") == ["objective 0"]
    assert older.css_first("a[rel=next]") is None


async def test_a_run_shows_its_result_as_a_table(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    rows: list[JsonValue] = [
        {"title": "Ford", "price": 4250, "ok": True, "url": "https://x.example/1"},
        {"title": None},
    ]
    desk.keep_run("r1", result={"rows": rows, "count": 2})
    tree = await page(client, "/ui/runs/r1")
    assert words(tree, "section:first-of-type thead th") == ["title", "price", "ok", "url"]
    assert words(tree, "section:first-of-type tbody td")[:4] == [
        "Ford",
        "4,250",
        "yes",
        "https://x.example/1",
    ]
    assert one(tree, "td a").attributes["rel"] == "noopener noreferrer nofollow"


async def test_a_result_that_is_no_rows_is_shown_as_json(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1", result={"total": [1, 2]})
    assert '"total"' in one(await page(client, "/ui/runs/r1"), "pre").text()


async def test_the_plan_is_drawn_with_states_in_words(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    states = {
        "list_pages": TraceStatus.SUCCESS,
        "photos": TraceStatus.FAILURE,
        "endings": TraceStatus.SKIPPED,
    }
    desk.keep_run("r1", plan=load_plan(PLAN), state=RunState.FAILED, subtasks=states)
    desk.keep_trace("t1", "r1")
    for item in range(3):
        status = TraceStatus.FAILURE if item else TraceStatus.SUCCESS
        desk.keep_trace(f"p{item}", "r1", "photos", status=status, metadata={"item_index": item})
    tree = await page(client, "/ui/runs/r1")
    nodes = {(n.attributes["href"] or ""): n.attributes["aria-label"] for n in tree.css("svg.dag a")}
    assert nodes == {
        "/ui/traces/t1": "list_pages: Success, scrape",
        "#subtask-photos": "photos: Failure, vision, 1 of 3 items",
        "#subtask-endings": "endings: Skipped, time",
        "#subtask-answer": "answer: Not started, data",
    }
    assert len(tree.css("svg.dag .edges path")) == 5
    assert tree.css_first("#subtask-photos") is not None


async def test_a_run_still_going_reloads_without_a_script_until_told_not_to(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", plan=load_plan(PLAN), state=RunState.RUNNING, started_ms=NOON)
    desk.keep_trace("t1", "r1")
    again = '<noscript><meta http-equiv="refresh" content="2"></noscript>'
    assert again in (await client.get("/ui/runs/r1")).text
    assert again not in (await client.get("/ui/runs/r1?refresh=off")).text
    shown = words(await page(client, "/ui/runs/r1"), ".subtasks .badge")
    assert shown == ["Success", "Running", "Running", "Waiting"]


async def test_a_run_still_going_names_its_events_and_an_ended_one_brings_no_script(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    live = one(await page(client, "/ui/runs/r1"), "[data-events]").attributes
    assert (live["data-events"], live["data-last"]) == ("/objectives/r1/events", "1")
    desk.keep_run("r2")
    text = (await client.get("/ui/runs/r2")).text
    assert "<script" not in text
    assert "refresh" not in text


async def test_a_plan_too_big_to_draw_is_listed(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    step = PLAN["subtasks"][0]
    steps: list[JsonValue] = [{**step, "id": f"s{i}", "output_key": f"k{i}"} for i in range(200)]
    document: dict[str, JsonValue] = {"objective": "many", "subtasks": steps}
    desk.keep_run("r1", plan=load_plan(document))
    tree = await page(client, "/ui/runs/r1")
    assert tree.css_first("svg.dag") is None
    assert len(tree.css(".subtasks tbody tr")) == 200


async def test_traces_are_filtered_by_the_url(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    desk.keep_trace("t1", "r1")
    desk.keep_trace("t2", "r1", "photos", agent_type="vision", status=TraceStatus.FAILURE)
    tree = await page(client, "/ui/traces?agent=vision&status=failure&run=r1")
    assert words(tree, ".traces tbody th") == ["photos"]
    assert one(tree, "#agent option[selected]").text() == "vision"
    assert words(await page(client, "/ui/traces?agent=vision&status=success"), ".empty h2") == [
        "No trace fits"
    ]


async def test_a_trace_shows_all_it_holds(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    desk.keep_trace(
        "t1",
        "r1",
        status=TraceStatus.FAILURE,
        input={"url": "https://x.example/"},
        expected_output={"title": "X"},
        metadata={"usage": {"wire_bytes": 812}, "log": "fetched", "warnings": ("slow",)},
    )
    tree = await page(client, "/ui/traces/t1")
    assert words(tree, "main h2") == ["Error", "Warnings", "Input", "Output", "Expected", "Used", "Log"]
    assert "scrape.http_status" in one(tree, ".fault").text()
    assert "Try later." in one(tree, ".fault").text()
    assert one(tree, "main > .note a").attributes["href"] == "/traces/t1"


async def test_a_huge_output_is_cut_with_a_way_to_the_whole(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1")
    desk.keep_trace("t1", "r1", output=["x" * 50] * 20_000)
    answer = await client.get("/ui/traces/t1")
    assert len(answer.content) < 60_000
    assert "The whole is in the raw JSON" in answer.text


async def test_hostile_text_is_text_everywhere(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    step = {**PLAN["subtasks"][0], "objective": HOSTILE}
    plan = load_plan({"objective": HOSTILE, "subtasks": [step], "result_key": "pages"})
    desk.keep_run(
        "r1", objective=HOSTILE, plan=plan, result=[{HOSTILE: HOSTILE, "link": f"javascript:{HOSTILE}"}]
    )
    metadata = {"log": HOSTILE, "objective": HOSTILE, "usage": {HOSTILE: HOSTILE}, "warnings": (HOSTILE,)}
    desk.keep_trace("t1", "r1", input=HOSTILE, output={HOSTILE: HOSTILE}, metadata=metadata)
    for path in (
        "/ui/runs",
        "/ui/runs/r1",
        "/ui/traces",
        "/ui/traces/t1",
        f"/ui/traces?agent={HOSTILE[:20]}",
    ):
        text = (await client.get(path)).text
        assert "<script" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert 'href="javascript' not in text
        assert " 49 " not in text


async def test_a_form_starts_an_objective(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    answer = await client.post("/ui/objectives", data={"objective": "find trucks", "inputs": '{"most": 1}'})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/runs/run1")
    assert desk.runs.get("run1").objective == "find trucks"


@pytest.mark.parametrize(
    ("fields", "at", "says"),
    [
        ({"objective": "  "}, "#objective", "empty"),
        ({"objective": "x" * 5000}, "#objective", "5000"),
        ({"objective": "x", "inputs": "{"}, "#inputs", "not JSON"),
        ({"objective": "x", "inputs": "[1]"}, "#inputs", "JSON object"),
    ],
)
async def test_a_bad_form_says_what_and_where(
    client: httpx.AsyncClient, desk: DeskAtHand, fields: dict[str, str], at: str, says: str
) -> None:
    answer = await client.post("/ui/objectives", data=fields)
    tree = LexborHTMLParser(answer.text)
    assert answer.status_code == 422
    link = one(tree, ".summary a")
    assert link.attributes["href"] == at
    assert says in link.text()
    assert "aria-invalid" in one(tree, at).attributes
    assert one(tree, "#objective").text().strip() == fields["objective"].strip()
    assert desk.made == 0


async def test_the_address_that_runs_an_objective_does_nothing_else(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    answer = await client.post("/ui/objectives", data={"objective": "find", "action": "preview"})
    assert answer.status_code == 422
    assert desk.made == 0


async def test_the_form_shows_what_is_granted(client: httpx.AsyncClient) -> None:
    assert words(await page(client, "/ui/new"), "aside li") == ["127.0.0.1:8000 private host"]


async def test_a_run_is_stopped_from_its_page(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    await client.post("/ui/objectives", data={"objective": "x"})
    assert (await client.post("/ui/runs/run1/cancel")).headers["location"] == "/ui/runs/run1"
    assert desk.runs.get("run1").state is RunState.CANCELLED
    assert (await client.post("/ui/runs/run1/cancel")).status_code == 409


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/ui/nowhere", 404, "route.unknown"),
        ("/ui/runs/none", 404, "run.unknown"),
        ("/ui/traces/none", 404, "trace.unknown"),
        ("/ui/runs?state=odd", 422, "request.invalid"),
        ("/ui/traces?status=odd", 422, "request.invalid"),
        ("/ui/traces?after=odd", 422, "trace.bad_cursor"),
        ("/ui/objectives", 405, "route.method"),
        ("/ui/static/none.css", 404, "route.unknown"),
        ("/ui/static/../pages.py", 404, "route.unknown"),
    ],
)
async def test_errors_are_pages_too(client: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    assert words(await page(client, path, status), ".fault code")[0] == code


async def test_agents_are_shown_by_card(client: httpx.AsyncClient) -> None:
    tree = await page(client, "/ui/agents")
    assert words(tree, ".cards h2") == ["data", "scrape", "time", "vision", "wasm:echo"]
