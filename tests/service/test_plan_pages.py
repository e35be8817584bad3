from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import JsonValue
from selectolax.lexbor import LexborHTMLParser
from typing_extensions import override

from contracts.effect import Effect
from contracts.plan import Plan, load_plan
from contracts.run import RunState
from service.dashboard.planform import MAX_CHARS
from tests.service.desk_at_hand import PLAN, Cards, DeskAtHand, NoPlanner, card

READY = load_plan(PLAN)
HOSTILE = "\"'></textarea><script>alert(1)</script>\u202etxt.exe {{7*7}}"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def fields_of(tree: LexborHTMLParser) -> dict[str, str]:
    """Return what the page's form would send, its buttons apart."""
    found = {i.attributes["name"] or "": i.attributes["value"] or "" for i in tree.css("input[type=hidden]")}
    (text,) = tree.css("textarea")
    for option in tree.css("#approval option[selected]"):
        found["approval"] = option.attributes["value"] or ""
    return found | {"document": text.text().removeprefix("\n")}


def words(tree: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(css)]


async def sent(client: httpx.AsyncClient, fields: Mapping[str, str], status: int = 200) -> LexborHTMLParser:
    answer = await client.post("/ui/plans", data=dict(fields))
    assert answer.status_code == status, answer.text[:2000]
    return LexborHTMLParser(answer.text)


async def planned(client: httpx.AsyncClient, **more: str) -> dict[str, str]:
    return fields_of(await sent(client, {"action": "plan", "objective": "find trucks", **more}))


def changed(fields: Mapping[str, str], **top: Any) -> dict[str, str]:
    """Return the form with other fields at the top of its plan."""
    return {**fields, "document": json.dumps(json.loads(fields["document"]) | top)}


async def test_an_objective_is_planned_and_nothing_is_run(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    tree = await sent(client, {"action": "plan", "objective": "find trucks", "inputs": '{"most": 1}'})
    fields = fields_of(tree)
    assert len(tree.css("svg.dag .node")) == 4
    assert words(tree, ".subtasks th[scope=row] > bdi") == ["list_pages", "photos", "endings", "answer"]
    assert fields["plan_id"] in words(tree, ".facts code")
    assert {"What to expect", "What it may reach", "Edit it", "Approve and start"} <= set(words(tree, "h2"))
    assert desk.made == 0


async def test_the_editor_holds_the_plan_without_what_the_server_fills_in(client: httpx.AsyncClient) -> None:
    document = json.loads((await planned(client))["document"])
    assert not document.keys() & {"plan_id", "parent", "origin"}
    assert document["subtasks"] == PLAN["subtasks"]


async def test_an_objective_that_cannot_be_planned_leads_back_to_its_form(client: httpx.AsyncClient) -> None:
    tree = await sent(client, {"action": "plan", "objective": "  "}, 422)
    assert words(tree, "h1") == ["New objective"]
    assert "empty" in words(tree, ".summary")[0]


async def test_what_was_shown_starts_as_it_was_shown_and_approved(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    fields = await planned(client)
    answer = await client.post("/ui/plans", data={**fields, "action": "start"})
    run_id = answer.headers["location"].removeprefix("/ui/runs/")
    run = desk.runs.get(run_id)
    assert (answer.status_code, run.approval) == (303, "plan")
    assert run.plan is not None
    assert run.plan.plan_id == fields["plan_id"]
    (signal,) = desk.scripted.signals
    assert (signal.name, signal.payload) == ("approve", {"plan_id": fields["plan_id"], "subtask": ""})


async def test_a_start_that_asks_before_effects_approves_nothing_yet(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    fields = await planned(client, approval="effects")
    assert fields["approval"] == "effects"
    answer = await client.post("/ui/plans", data={**fields, "action": "start"})
    run_id = answer.headers["location"].removeprefix("/ui/runs/")
    assert desk.runs.get(run_id).approval == "effects"
    assert desk.scripted.signals == []


async def test_the_same_page_sent_twice_starts_one_run(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    fields = {**await planned(client), "action": "start"}
    answers = [await client.post("/ui/plans", data=fields) for _ in range(2)]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert (desk.made, len(desk.scripted.signals)) == (1, 1)


@pytest.mark.parametrize(
    "edit",
    [
        {"result_key": "ends"},
        {"objective": "find trucks "},
        {"budget": {"requests": 1}},
        {"inputs": {"extra": 1}},
    ],
)
async def test_any_edit_voids_the_approval(
    client: httpx.AsyncClient, desk: DeskAtHand, edit: dict[str, Any]
) -> None:
    fields = await planned(client)
    tree = await sent(client, {**changed(fields, **edit), "action": "start"}, 409)
    now = fields_of(tree)["plan_id"]
    told = words(tree, ".summary li")[0]
    assert "approval.plan_changed" in told
    assert fields["plan_id"] in told
    assert now in told
    assert now != fields["plan_id"]
    assert desk.made == 0


@pytest.mark.parametrize("plan_id", ["", "0" * 64, "x" * 500, READY.plan_id[:-1]])
async def test_nothing_starts_by_another_name_than_the_plans(
    client: httpx.AsyncClient, desk: DeskAtHand, plan_id: str
) -> None:
    fields = await planned(client)
    await sent(client, {**fields, "plan_id": plan_id, "action": "start"}, 409)
    assert desk.made == 0


async def test_other_spaces_and_order_are_no_edit(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    fields = await planned(client)
    document = dict(reversed(json.loads(fields["document"]).items()))
    answer = await client.post(
        "/ui/plans", data={**fields, "document": json.dumps(document), "action": "start"}
    )
    assert answer.status_code == 303


async def test_an_edit_is_a_new_plan_by_a_person_with_the_old_one_as_its_parent(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    fields = await planned(client)
    tree = await sent(client, {**changed(fields, result_key="ends"), "action": "check"})
    assert "What changed" in words(tree, "h2")
    again = fields_of(tree)
    await client.post("/ui/plans", data={**changed(again, result_key="seen"), "action": "check"})
    answer = await client.post("/ui/plans", data={**again, "action": "start"})
    plan = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/")).plan
    assert plan is not None
    assert (plan.plan_id, plan.parent) == (again["plan_id"], fields["plan_id"])
    assert (plan.origin.planner, plan.result_key) == ("human", "ends")


async def test_an_edit_that_widens_a_plan_says_so(client: httpx.AsyncClient) -> None:
    fields = await planned(client)
    steps = json.loads(fields["document"])["subtasks"]
    steps[0]["bind"] = {"url": {"literal": "https://other.example/"}}
    steps[3]["required_agent"] = "wasm:echo"
    tree = await sent(client, changed(fields, subtasks=steps))
    told = " ".join(words(tree, "section .notice"))
    assert "other.example" in told
    assert "wasm:echo" in told
    assert "other.example" in words(tree, "section .plain-list code")


async def test_a_guest_that_would_be_denied_is_told_before_it_starts(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    caller = replace(card("wasm:echo"), extra={"capabilities": {"http": [{"host": "api.example"}]}})
    desk.registry = Cards((caller, *(c for c in desk.cards if c.name != "wasm:echo")))
    step = {**PLAN["subtasks"][0], "required_agent": "wasm:echo"}
    tree = await sent(client, {"document": json.dumps({"objective": "x", "subtasks": [step]})}, 422)
    assert words(tree, ".subtasks .fault .what > code:first-child") == ["plan.capability_not_granted"]


async def test_a_name_an_origin_or_a_parent_that_was_typed_in_counts_for_nothing(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    fields = await planned(client)
    typed = changed(fields, plan_id="0" * 64, parent="f" * 64, origin={"planner": "llm"})
    answer = await client.post("/ui/plans", data={**typed, "action": "start"})
    plan = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/")).plan
    assert plan is not None
    assert (plan.plan_id, plan.parent, plan.origin.planner) == (fields["plan_id"], None, "human")


async def test_every_problem_stands_beside_its_step_with_what_to_try(client: httpx.AsyncClient) -> None:
    steps = [dict(step) for step in PLAN["subtasks"]]
    steps[1] |= {"dependencies": ["nobody"]}
    steps[2] |= {"required_agent": "mailer"}
    document = json.dumps({**PLAN, "subtasks": steps, "result_key": "nothing"})
    tree = await sent(client, {"action": "check", "document": document}, 422)
    assert words(tree, ".subtasks .fault .what > code:first-child") == [
        "plan.dangling_dependency",
        "plan.unknown_agent",
    ]
    assert all(line.startswith("Next: ") and len(line) > 10 for line in words(tree, ".fault .hint"))
    assert {a.text(): a.attributes["href"] for a in tree.css(".summary a")} == {
        "photos": "#step-2",
        "endings": "#step-3",
    }
    (whole,) = [line for line in words(tree, ".summary li") if line.startswith("plan.unknown_key")]
    assert "Next: " in whole
    assert tree.css_first("button[value=start]") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"objective": "x",\n  "subtasks": [}', "line 2 column"),
        ("[1]", "a plan is an object"),
        ("", "line 1 column 1"),
        ("null", "a plan is an object"),
        ('{"objective": "x", "subtasks": "y"}', "plan.shape"),
        ('{"objective": "x", "subtasks": [1, null, {"id": 7, "dependencies": "a"}]}', "plan.shape"),
        ("[" * 5_000, "json.too_deep"),
        ('{"objective": "' + "x" * MAX_CHARS + '"}', "plan.too_long"),
    ],
)
async def test_a_text_that_is_no_plan_says_where_and_keeps_what_was_typed(
    client: httpx.AsyncClient, desk: DeskAtHand, text: str, says: str
) -> None:
    for action in ("check", "start"):
        tree = await sent(client, {"action": action, "document": text}, 422)
        assert says in words(tree, ".summary")[0]
        if len(text) <= MAX_CHARS:
            assert fields_of(tree)["document"] == text
    assert desk.made == 0


@pytest.mark.parametrize(
    "base", ["{", "[]", '{"objective": "x"}', json.dumps({**READY.as_json(), "plan_id": "0" * 64})]
)
async def test_a_page_that_carries_no_plan_it_was_made_from_is_refused(
    client: httpx.AsyncClient, base: str
) -> None:
    answer = await client.post("/ui/plans", data={"document": "{}", "base": base})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_plan_of_ones_own_is_checked_and_then_edited(client: httpx.AsyncClient) -> None:
    empty = LexborHTMLParser((await client.get("/ui/plans")).text)
    assert words(empty, "h1") == ["A plan of your own"]
    fields = fields_of(await sent(client, {**fields_of(empty), "document": json.dumps(PLAN)}))
    tree = await sent(client, changed(fields, result_key="ends"))
    assert "What changed" in words(tree, "h2")


async def test_the_plan_of_a_waiting_run_is_edited_and_started_as_another_run(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", plan=READY, state=RunState.AWAITING_APPROVAL)
    desk.keep_wait("r1")
    page = LexborHTMLParser((await client.get("/ui/runs/r1")).text)
    link = next(a for a in page.css(".waits a") if a.text() == "Edit it first")
    fields = fields_of(LexborHTMLParser((await client.get(link.attributes["href"] or "")).text))
    edited = fields_of(await sent(client, changed(fields, result_key="ends")))
    answer = await client.post("/ui/plans", data={**edited, "action": "start"})
    plan = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/")).plan
    assert plan is not None
    assert plan.parent == READY.plan_id
    assert [s.name for s in desk.scripted.signals if s.run_id == "r1"] == []


async def test_the_old_run_is_rejected_where_the_person_says_so(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", plan=READY, state=RunState.AWAITING_APPROVAL)
    desk.keep_wait("r1")
    fields = fields_of(LexborHTMLParser((await client.get("/ui/plans?run=r1")).text))
    edited = fields_of(await sent(client, changed(fields, result_key="ends")))
    await client.post("/ui/plans", data={**edited, "action": "start", "rejects": "yes"})
    (signal,) = [s for s in desk.scripted.signals if s.run_id == "r1"]
    assert (signal.name, signal.payload) == ("reject", {"plan_id": READY.plan_id, "subtask": None})


async def test_nothing_starts_where_the_old_run_cannot_be_rejected_any_more(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r1", plan=READY, state=RunState.RUNNING)
    fields = fields_of(LexborHTMLParser((await client.get("/ui/plans?run=r1")).text))
    told = await sent(client, {**fields, "action": "start", "rejects": "yes"}, 409)
    assert "run.awaits_nothing" in words(told, ".summary")[0]
    assert desk.made == 0


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"plan": None, "state": RunState.PLANNING}, 404, "run.not_planned"),
        ({"plan": READY, "is_redacted": True}, 409, "run.redacted"),
    ],
)
async def test_a_run_whose_plan_cannot_be_edited_says_why(
    client: httpx.AsyncClient, desk: DeskAtHand, more: dict[str, Any], status: int, code: str
) -> None:
    desk.keep_run("r1", **more)
    answer = await client.get("/ui/plans?run=r1")
    assert answer.status_code == status
    assert code in answer.text


@pytest.mark.parametrize("name", ["scrape", "data"])
async def test_an_agent_that_changed_since_it_was_shown_voids_the_approval(
    client: httpx.AsyncClient, desk: DeskAtHand, name: str
) -> None:
    fields = {**await planned(client), "action": "start"}
    others = [c for c in desk.cards if c.name != name]
    changed_card = replace(next(c for c in desk.cards if c.name == name), effect=Effect.EFFECTFUL)
    desk.registry = Cards((changed_card, *others))
    tree = await sent(client, fields, 409)
    assert "approval.plan_changed" in words(tree, ".summary li")[0]
    assert desk.made == 0
    again = await client.post("/ui/plans", data={**fields_of(tree), "action": "start"})
    assert again.status_code == 303


async def test_an_agent_that_the_plan_does_not_call_voids_nothing(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    fields = {**await planned(client), "action": "start"}
    desk.registry = Cards((*desk.cards, card("wasm:other")))
    assert (await client.post("/ui/plans", data=fields)).status_code == 303


@pytest.mark.parametrize("basis", ["", "0" * 64, "x" * 5000])
async def test_nothing_starts_for_a_form_that_was_shown_no_agents(
    client: httpx.AsyncClient, desk: DeskAtHand, basis: str
) -> None:
    await sent(client, {**await planned(client), "action": "start", "basis": basis}, 409)
    assert desk.made == 0


async def test_an_edit_of_a_run_that_got_another_plan_keeps_the_parent_it_was_made_from(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.keep_run("r0", plan=READY)
    desk.keep_run("r1", plan=load_plan({**PLAN, "result_key": "seen"}), state=RunState.AWAITING_APPROVAL)
    fields = fields_of(LexborHTMLParser((await client.get("/ui/plans?run=r1")).text))
    shown_before = {**fields, "base_id": READY.plan_id}
    edited = fields_of(await sent(client, changed(shown_before, result_key="ends")))
    answer = await client.post("/ui/plans", data={**edited, "action": "start"})
    plan = desk.runs.get(answer.headers["location"].removeprefix("/ui/runs/")).plan
    assert plan is not None
    assert plan.parent == READY.plan_id


async def test_hostile_words_of_a_plan_are_words(client: httpx.AsyncClient) -> None:
    step = {**PLAN["subtasks"][0], "objective": HOSTILE}
    document = json.dumps({"objective": HOSTILE, "subtasks": [step], "result_key": "pages"})
    for text in (document, document.replace("list_pages", HOSTILE.replace('"', "")), f"{document}}}"):
        answer = await client.post("/ui/plans", data={"document": text})
        assert "<script>" not in answer.text
        assert "49" not in LexborHTMLParser(answer.text).css_first("main").text()  # type: ignore[union-attr]  # there is one
    assert "\u202e" not in (await client.post("/ui/plans", data={"document": document})).text


async def test_what_a_plan_hides_is_spelled_out_and_means_the_same(client: httpx.AsyncClient) -> None:
    hidden = "send\u200b it \u202egpj.exe"
    fields = fields_of(await sent(client, {"document": json.dumps({**PLAN, "objective": hidden})}))
    assert "\\u200b" in fields["document"]
    assert "\\u202e" in fields["document"]
    assert json.loads(fields["document"])["objective"] == hidden


class Long(NoPlanner):
    """Makes a plan that no page can hold."""

    @override
    async def plan(self, objective: str, **_: Any) -> Plan:
        step = PLAN["subtasks"][0]
        steps: list[JsonValue] = [{**step, "id": f"s{i}", "output_key": f"k{i}"} for i in range(1_500)]
        document: dict[str, JsonValue] = {"objective": objective, "subtasks": steps}
        return load_plan(document)


async def test_a_plan_too_long_for_a_page_is_shown_and_not_edited(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.planner = Long()
    tree = await sent(client, {"action": "plan", "objective": "many"})
    assert len(tree.css(".subtasks tbody tr")) == 500
    assert tree.css_first("textarea") is None
    assert tree.css_first("form[action='/ui/plans']") is None


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_a_foreign_page_starts_no_plan(
    client: httpx.AsyncClient, desk: DeskAtHand, headers: dict[str, str]
) -> None:
    fields = {**await planned(client), "action": "start"}
    assert (await client.post("/ui/plans", data=fields, headers=headers)).status_code == 403
    assert desk.made == 0
