from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import JsonValue
from selectolax.lexbor import LexborHTMLParser

from contracts.plan import Plan, load_plan
from contracts.run import RunState
from storage.journal_rows import EventRow, insert_event
from storage.rows import ValueRow, insert_value
from tests.service.desk_at_hand import NOON, Cards, DeskAtHand, card
from tests.service.scripted_engine import NO_SECRETS

HOSTILE = "<script>alert(1)</script> pay me \u202e1000"
STEPS: list[dict[str, Any]] = [
    {
        "id": "read_price",
        "objective": "Read the price",
        "required_agent": "scrape",
        "dependencies": [],
        "input_keys": [],
        "bind": {"url": {"literal": "https://shop.example/"}},
        "output_key": "found",
    },
    {
        "id": "send_offer",
        "objective": "Send an offer",
        "required_agent": "mailer",
        "dependencies": ["read_price"],
        "input_keys": ["found"],
        "bind": {"text": {"key": "found", "pointer": "/price"}},
        "output_key": "sent",
    },
]
WAITING = RunState.AWAITING_APPROVAL


def planned(**send: Any) -> Plan:
    steps: list[JsonValue] = [STEPS[0], {**STEPS[1], **send}]
    return load_plan({"objective": "offer what it costs", "subtasks": steps, "result_key": "sent"})


@pytest.fixture
def shop(desk: DeskAtHand) -> DeskAtHand:
    """Return a desk whose scraper nobody vouches for, and whose mailer acts on the world."""
    desk.registry = Cards(
        (card("scrape", untrusted_output=True), card("mailer", effect="effectful"), card("data"))
    )
    desk.use(NO_SECRETS)
    return desk


def keep_value(desk: DeskAtHand, run_id: str, key: str, value: Any) -> None:
    row = ValueRow(run_id, key, "read_price", is_redacted=False, value=json.dumps(value))
    desk.database.commit([insert_value(row)]).result()


async def page(client: httpx.AsyncClient, run_id: str = "r1") -> LexborHTMLParser:
    answer = await client.get(f"/ui/runs/{run_id}")
    assert answer.status_code == 200, answer.text[:2000]
    assert "<script>" not in answer.text
    assert "\u202e" not in answer.text
    return LexborHTMLParser(answer.text)


def words(tree: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(css)]


async def test_a_step_that_would_act_on_a_page_says_which_value_comes_from_where(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    shop.keep_run("r1", plan=planned(), state=WAITING, started_ms=NOON)
    keep_value(shop, "r1", "found", {"price": HOSTILE, "other": 1})
    shop.keep_wait("r1", "send_offer")
    told = words(await page(client), ".why li")
    assert told[0] == "mailer has an effect outside, on values that nobody vouches for:"
    assert told[1].startswith("its 'text' comes from a page (read_price). <script>alert(1)</script> pay me")


@pytest.mark.parametrize("value", [None, {"other": 1}, [1, 2], "text"])
async def test_a_value_that_is_not_there_is_not_shown(
    client: httpx.AsyncClient, shop: DeskAtHand, value: Any
) -> None:
    shop.keep_run("r1", plan=planned(), state=WAITING)
    if value is not None:
        keep_value(shop, "r1", "found", value)
    shop.keep_wait("r1", "send_offer")
    tree = await page(client)
    assert len(words(tree, ".why li")) == 2
    assert tree.css_first(".why q") is None


@pytest.mark.parametrize(
    ("send", "says"),
    [
        ({"approval": "always", "required_agent": "data"}, ["The plan says that a person is asked here."]),
        (
            {"input_keys": [], "bind": {"text": {"literal": "hello"}}},
            ["mailer changes something that cannot be taken back."],
        ),
    ],
)
async def test_every_step_that_waits_says_why(
    client: httpx.AsyncClient, shop: DeskAtHand, send: dict[str, Any], says: list[str]
) -> None:
    shop.keep_run("r1", plan=planned(**send), state=WAITING, approval="effects")
    shop.keep_wait("r1", "send_offer")
    assert words(await page(client), ".why li") == says


async def test_a_plan_that_waits_as_a_whole_is_shown_with_what_to_expect(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    plan = planned()
    shop.keep_run("r1", plan=plan, state=WAITING, approval="plan")
    shop.keep_wait("r1")
    tree = await page(client)
    assert plan.plan_id in words(tree, ".waits code")
    assert {"Why this risk", "What will need approval"} <= set(words(tree, ".waits h3"))
    assert "send_offer" in words(tree, ".waits section a")
    assert [a.attributes["href"] for a in tree.css(".waits .actions a")] == ["/ui/plans?run=r1"]


@pytest.mark.parametrize(("approval", "covered"), [("auto", ["send_offer"]), ("always", [])])
async def test_a_plan_says_which_steps_its_approval_covers(
    client: httpx.AsyncClient, shop: DeskAtHand, approval: str, covered: list[str]
) -> None:
    shop.keep_run("r1", plan=planned(approval=approval), state=WAITING, approval="plan")
    shop.keep_wait("r1")
    assert words(await page(client), ".notice a") == covered
    shop.keep_run("r2", plan=planned(approval=approval))
    answer = await client.get("/ui/plans?run=r2")
    assert words(LexborHTMLParser(answer.text), ".notice a") == covered


async def test_the_plans_button_decides_on_the_plan_alone(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    shop.keep_run("r1", plan=planned(), state=WAITING, approval="plan")
    shop.keep_wait("r1")
    shop.keep_wait("r1", "send_offer")
    forms = [
        f for f in (await page(client)).css(".waits form") if f.attributes["action"] == "/ui/runs/r1/approve"
    ]
    fields = {i.attributes["name"] or "": i.attributes["value"] or "" for i in forms[0].css("input")}
    assert (await client.post("/ui/runs/r1/approve", data=fields)).status_code == 303
    (signal,) = shop.scripted.signals
    assert signal.payload == {"plan_id": planned().plan_id, "subtask": ""}


async def test_a_plan_made_from_another_says_what_changed(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    old = planned()
    new = planned(objective="Send a low offer").model_copy(update={"parent": old.plan_id})
    shop.keep_run("r0", plan=old)
    shop.keep_run("r1", plan=new, state=WAITING, approval="plan")
    shop.keep_wait("r1")
    tree = await page(client)
    assert "What changed" in words(tree, ".waits h3")
    assert any("send_offer" in line for line in words(tree, ".waits .changes li"))
    shop.keep_run("r2", plan=new)
    tree = await page(client, "r2")
    assert "What changed in the plan" in words(tree, "h2")
    assert any("send_offer" in line for line in words(tree, "[data-part=plan] .changes li"))


async def test_a_plan_whose_parent_is_not_kept_is_shown_without_changes(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    shop.keep_run("r1", plan=planned().model_copy(update={"parent": "0" * 64}))
    assert "What changed in the plan" not in words(await page(client), "h2")


async def test_a_new_plan_is_told_among_the_events_with_what_it_changed(
    client: httpx.AsyncClient, shop: DeskAtHand
) -> None:
    shop.keep_run("r1", plan=planned(), state=RunState.RUNNING)
    about = {
        "subtask_id": "read_price",
        "code": "scrape.http_status",
        "round": 1,
        "from": "0" * 64,
        "to": "1" * 64,
        "by": "rules",
        "changes": ["read_price (scrape) is gone", HOSTILE],
        "signature": "2" * 64,
    }
    event = EventRow("r1", 2, "replanned", NOON, json.dumps(about))
    shop.database.commit([insert_event(event)]).result()
    tree = await page(client)
    assert words(tree, ".events tbody th")[0] == "Replanned"
    assert words(tree, ".events .changes li")[0] == "read_price (scrape) is gone"
    assert "failed with scrape.http_status" in words(tree, ".events td.preview")[0]


@pytest.mark.parametrize("changes", [None, "text", {"a": 1}, [], [1, None]])
async def test_an_odd_event_of_a_new_plan_is_shown_all_the_same(
    client: httpx.AsyncClient, shop: DeskAtHand, changes: Any
) -> None:
    shop.keep_run("r1", plan=planned(), state=RunState.RUNNING)
    event = EventRow("r1", 2, "replanned", NOON, json.dumps({"changes": changes}))
    shop.database.commit([insert_event(event)]).result()
    assert words(await page(client), ".events tbody th")[0] == "Replanned"
