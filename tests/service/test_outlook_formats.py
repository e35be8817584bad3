"""The outlook for people: every number in words, the critical path marked, nothing hostile drives a terminal or a drawing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card import read_card
from contracts.priors import NOTHING_KNOWN, Past, Prior
from planner.outlook.outlook import outlook
from planner.outlook.shape import Outlook
from service.outlook_formats import outlook_json, outlook_mermaid, outlook_table, seconds
from service.plan_formats import KEYWORDS, node_name

AGENTS: dict[str, dict[str, Any]] = {
    "scrape": {"uses": ["requests"], "untrusted_output": True},
    "data": {},
    "wasm:mail": {"effect": "effectful"},
}
LEAST: dict[str, Any] = {"version": "1.0.0", "description": "d", "takes": {}, "gives": {}}
CARDS = [read_card({"name": name, **LEAST, **more}, where=name) for name, more in AGENTS.items()]
SEEN = Past(
    agents={"data": Prior(12, 40, 90, 45), "scrape": Prior(30, 1_500, 4_000, 1_700)},
    hosts=frozenset({"a.test"}),
)


def step(sid: str, agent: str, *after: str, **more: Any) -> dict[str, Any]:
    return {
        "id": sid,
        "objective": f"do {sid}",
        "required_agent": agent,
        "dependencies": list(after),
        "input_keys": [f"{name}_out" for name in after],
        "output_key": f"{sid}_out",
        **more,
    }


def drawn(*steps: dict[str, Any], past: Past = SEEN) -> tuple[dict[str, Any], Outlook]:
    plan = {"plan_id": "0" * 64, "subtasks": list(steps)}
    return plan, outlook(plan, CARDS, past=past)


MIXED = (
    step("read", "scrape", bind={"url": {"literal": "http://a.test/ http://b.test/"}}),
    step("other", "data"),
    step("sort", "data", "read", foreach={"key": "read_out", "max_items": 6}),
    step("mail", "wasm:mail", "sort", "other", objective="send it"),
)


def test_a_table_tells_of_each_step_and_of_the_whole() -> None:
    lines = outlook_table(*drawn(*MIXED)).splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["ID", "read", "other", "sort", "mail"]
    assert lines[1].split("  ")[0] == "read *"
    assert "data x6" in lines[3]
    assert "the agent's past, 30x" in lines[1]
    said = "\n".join(lines[6:])
    for words in (
        "of 100, high",
        "wasm:mail changes something that cannot be taken back [mail]",
        "critical path: read > sort > mail",
        "hosts: a.test, b.test (new here)",
        "waits for a person: mail: wasm:mail would act on what nobody vouches for",
        "not known: how long mail will take",
        "not known: how many elements sort will have",
        "costs: 0 tokens, 0 USD",
        "takes: 1.6 s, seldom over",
    ):
        assert words in said


def test_an_unread_past_is_said_to_be_unread() -> None:
    assert "not known: no traces of earlier runs could be read" in outlook_table(
        *drawn(*MIXED, past=NOTHING_KNOWN)
    )


def test_json_has_the_plan_untouched_and_the_outlook_beside_it() -> None:
    plan, found = drawn(*MIXED)
    assert json.loads(outlook_json(plan, found)) == {
        "plan": plan,
        "outlook": json.loads(json.dumps(found.as_json())),
    }


def test_a_drawing_has_classes_of_risk_and_a_thick_critical_path() -> None:
    lines = outlook_mermaid(*drawn(*MIXED)).splitlines()
    assert lines[0] == "flowchart TD"
    assert "    read ==>|read_out| sort" in lines
    assert "    other -->|other_out| mail" in lines
    assert "    class read,other,sort low" in lines
    assert "    class mail high" in lines
    assert "    class read,sort,mail critical" in lines


@pytest.mark.parametrize("sid", sorted(KEYWORDS))
def test_an_id_that_means_something_to_mermaid_is_called_otherwise(sid: str) -> None:
    text = outlook_mermaid(*drawn(step(sid, "data"), step("last", "data", sid)))
    assert f'    {sid}_N["' in text
    assert f"    {sid}_N ==>" in text
    assert node_name(sid) != sid


@given(st.text(max_size=200))
def test_nothing_an_objective_says_drives_a_terminal_or_ends_a_label(text: str) -> None:
    plan, found = drawn(step("s1", "data", objective=text or "x"))
    table = outlook_table(plan, found)
    assert all(c.isprintable() or c == "\n" for c in table)
    node = outlook_mermaid(plan, found).splitlines()[1]
    assert node.count('"') == 2
    assert set("<>`|{}&").isdisjoint(node.replace("<br/>", ""))


def test_hostile_names_of_hosts_and_agents_only_show_themselves() -> None:
    bind = {"url": {"literal": "http://b\x1b[31m\u202e.test/"}}
    plan, found = drawn(step("s1", "scrape", bind=bind), step("s2", "wasm:\x1b]0;title\x07"))
    assert all(c.isprintable() or c == "\n" for c in outlook_table(plan, found))
    assert "\x1b" not in outlook_mermaid(plan, found)
    assert outlook_json(plan, found).isascii()


def test_a_plan_of_many_steps_stays_readable() -> None:
    lines = outlook_table(*drawn(*(step(f"s{n}", "scrape") for n in range(50)))).splitlines()
    assert len(lines) < 50 + 15
    assert all(len(line) < 400 for line in lines)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1000 ms"),
        (1.5, "1.5 s"),
        (119.2, "119 s"),
        (600, "10 min"),
        (7300, "2.03 h"),
    ],
)
def test_a_time_is_told_as_people_say_it(amount: float, words: str) -> None:
    assert seconds(amount) == words
