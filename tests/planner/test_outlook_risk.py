"""Risk: every cause has its reason in words, more causes never make less of it, and the whole is more than its worst step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card import AgentCard, read_card
from contracts.priors import NOTHING_KNOWN, Past, Prior
from planner.outlook.outlook import outlook
from planner.outlook.risk import WEIGHTS, combined
from planner.outlook.shape import MAX_TAINTED, Outlook, StepOutlook

SEEN = Prior(attempts=40, p50_ms=10, p95_ms=20, mean_ms=12, versions={"1.0.0": 20})


def agent(name: str, *, extra: dict[str, Any] | None = None, **more: Any) -> AgentCard:
    document = {"name": name, "version": "1.0.0", "description": "d", "takes": {}, "gives": {}, **more}
    return read_card(document, where=name, extra=extra)


def guest(name: str, *, effect: str = "pure", **capabilities: Any) -> AgentCard:
    return agent(f"wasm:{name}", effect=effect, extra={"capabilities": capabilities})


def http(host: str, *methods: str) -> dict[str, Any]:
    return {"host": host, "methods": list(methods)}


SCRAPE = agent("scrape", uses=["requests", "bytes"], untrusted_output=True)
DATA = agent("data")
SEND = guest("send", effect="effectful", http=[http("mail.test", "POST")])
CARDS = (SCRAPE, DATA, SEND)


def step(sid: str, name: str, *reads: str, **more: Any) -> dict[str, Any]:
    return {
        "id": sid,
        "objective": f"do {sid}",
        "required_agent": name,
        "dependencies": list(reads),
        "input_keys": [f"{r}_out" for r in reads],
        "output_key": f"{sid}_out",
        **more,
    }


def ahead(*steps: dict[str, Any], cards: tuple[AgentCard, ...] = CARDS, past: Past | None = None) -> Outlook:
    if past is None:
        past = Past(agents={card.name: SEEN for card in cards}, hosts=frozenset({"mail.test", "a.test"}))
    return outlook({"plan_id": "0" * 64, "subtasks": list(steps)}, cards, past=past)


def abouts(found: StepOutlook) -> set[str]:
    return {reason.about for reason in found.reasons}


def test_a_known_agent_that_only_computes_is_no_risk_at_all() -> None:
    found = ahead(step("s1", "data"))
    assert (found.risk, found.level, found.reasons) == (0, "low", ())


@pytest.mark.parametrize(
    ("card", "about"),
    [
        (agent("x", effect="effectful"), {"effectful"}),
        (agent("x", effect="idempotent"), {"idempotent"}),
        (agent("x", uses=["requests"]), {"network"}),
        (guest("x", http=[http("mail.test", "GET")]), {"network"}),
        (guest("x", http=[http("mail.test", "GET", "DELETE")]), {"sends"}),
        (guest("x", kv=[{"namespace": "n"}]), {"kv_read"}),
        (guest("x", kv=[{"namespace": "n"}, {"namespace": "m", "access": "rw"}]), {"kv_write"}),
        (guest("x", llm=[{"models": ["m"]}]), {"llm"}),
        (guest("x", secrets=[{"name": "key", "hosts": ["mail.test"]}]), {"secrets"}),
        (guest("x", clock="real"), {"unrepeatable"}),
        (guest("x", random="os"), {"unrepeatable"}),
        (guest("x", clock="virtual", random="seed"), set()),
    ],
)
def test_what_a_card_says_an_agent_touches_is_a_reason(card: AgentCard, about: set[str]) -> None:
    (found,) = ahead(step("s1", card.name), cards=(card,)).steps
    assert abouts(found) == about
    assert all(card.name in reason.text for reason in found.reasons)


def test_the_plans_stronger_effect_counts() -> None:
    (found,) = ahead(step("s1", "data", effect="effectful")).steps
    assert (found.effect, abouts(found)) == ("effectful", {"effectful"})


def test_a_page_that_decides_what_is_sent_weighs_most() -> None:
    found = ahead(step("read", "scrape"), step("mail", "wasm:send", "read"))
    last = found.steps[1]
    assert last.reasons[0].about == "effectful"
    assert "taint_into_effect" in abouts(last)
    assert "comes from a page (read)" in next(r.text for r in last.reasons if r.kind == "taint")
    assert (last.level, found.level) == ("high", "high")


def test_taint_goes_through_what_is_made_of_it() -> None:
    found = ahead(step("read", "scrape"), step("sort", "data", "read"), step("mail", "wasm:send", "sort"))
    assert [use.key for use in found.steps[2].tainted] == ["sort_out"]
    assert found.steps[1].risk == 0


def test_what_the_caller_gave_is_not_tainted() -> None:
    found = ahead(step("mail", "wasm:send", input_keys=["mine"]))
    assert found.steps[0].tainted == ()


@pytest.mark.parametrize(
    ("prior", "text", "points"),
    [
        (None, "wasm:x has never run here", WEIGHTS["never_ran_guest"]),
        (Prior(3, 1, 1, 1, versions={"1.0.0": 3}), "wasm:x has run here only 3 times", 3),
        (Prior(1, 1, 1, 1), "wasm:x has run here only once", 3),
        (Prior(50, 1, 1, 1, versions={"0.9.0": 20}), "wasm:x 1.0.0 has not run here, only other versions", 3),
    ],
)
def test_a_newcomer_is_told_from_an_old_hand(prior: Prior | None, text: str, points: int) -> None:
    past = Past(agents={"wasm:x": prior} if prior else {})
    (found,) = ahead(step("s1", "wasm:x"), cards=(guest("x"),), past=past).steps
    assert [(r.text, r.points) for r in found.reasons] == [(text, points)]


def test_without_traces_nobody_claims_that_an_agent_never_ran() -> None:
    found = ahead(step("s1", "data"), past=NOTHING_KNOWN)
    assert found.reasons[0].text == "data may never have run here: no traces were read"
    assert found.unknown[0].startswith("no traces of earlier runs could be read")


def test_a_host_nobody_reached_before_is_named() -> None:
    bind = {"url": {"literal": "https://b.test/x"}, "more": {"literal": ["http://A.test:8000/"]}}
    found = ahead(step("s1", "scrape", bind=bind))
    assert found.steps[0].hosts == ("a.test", "b.test")
    assert [(h.host, h.is_known) for h in found.hosts] == [("a.test", True), ("b.test", False)]
    assert "no run here has reached b.test before" in {r.text for r in found.reasons}


def test_a_host_in_the_callers_input_counts_for_who_reads_it() -> None:
    document = {
        "plan_id": "0" * 64,
        "inputs": {"links": ["see https://c.test/1"]},
        "subtasks": [step("s1", "scrape", input_keys=["links"]), step("s2", "scrape"), step("s3", "data")],
    }
    assert [s.hosts for s in outlook(document, CARDS).steps] == [("c.test",), (), ()]


def test_a_stand_in_brings_its_own_risk() -> None:
    more = {"on_failure": "fallback", "fallback_agent": "wasm:send"}
    (found,) = ahead(step("s1", "data", **more)).steps
    assert (found.agent, found.effect, "effectful" in abouts(found)) == ("data", "effectful", True)


def test_the_whole_is_riskier_than_its_riskiest_step_and_names_each_cause_once() -> None:
    found = ahead(*(step(f"s{n}", "scrape") for n in range(5)), step("mail", "wasm:send"))
    assert found.risk > max(s.risk for s in found.steps)
    (network,) = [r for r in found.reasons if r.about == "network"]
    assert network.steps == ("s0", "s1", "s2", "s3", "s4")


def test_many_harmless_steps_stay_harmless() -> None:
    assert ahead(*(step(f"s{n}", "data") for n in range(500))).risk == 0
    assert ahead(*(step(f"s{n}", "scrape") for n in range(500))).level == "medium"


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(0, 100))
def test_one_more_cause_never_makes_less_risk(points: list[int], more: int) -> None:
    assert 0 <= combined(points) <= combined([*points, more]) <= 100
    assert combined([*points, more]) >= more


def test_an_agent_that_is_gone_is_said_to_be_gone() -> None:
    found = ahead(step("s1", "wasm:gone"))
    assert found.steps[0].version == ""
    assert found.unknown[0] == "anything about wasm:gone: no such agent is at hand"


def test_of_a_step_that_reads_hundreds_of_tainted_keys_the_first_few_are_told() -> None:
    pages = [step(f"p{n}", "scrape") for n in range(300)]
    found = ahead(*pages, step("end", "wasm:send", *(page["id"] for page in pages)))
    assert len(found.steps[-1].tainted) == 300
    assert len(found.as_json()["steps"][-1]["tainted"]) == MAX_TAINTED
