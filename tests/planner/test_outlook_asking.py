"""What waits for a person, on which terms and why; and what an outlook leaves open, said rather than reckoned away."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.priors import Past, Prior
from planner.outlook.outlook import outlook
from planner.outlook.shape import Outlook

LEAST: dict[str, Any] = {"version": "1.0.0", "description": "d", "takes": {}, "gives": {}}


def agent(name: str, *, extra: dict[str, Any] | None = None, **more: Any) -> AgentCard:
    return read_card({"name": name, **LEAST, **more}, where=name, extra=extra)


CARDS = (
    agent("scrape", untrusted_output=True),
    agent("data"),
    agent("pay", effect="effectful"),
    agent("wasm:ask", extra={"capabilities": {"llm": [{"models": ["m"]}]}}),
)
PAST = Past(agents={card.name: Prior(50, 1, 1, 1, versions={"1.0.0": 20}) for card in CARDS})


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


def ahead(*steps: dict[str, Any], past: Past = PAST) -> Outlook:
    return outlook({"plan_id": "0" * 64, "subtasks": list(steps)}, CARDS, past=past)


def asked(*steps: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(a.step, a.when, a.text) for a in ahead(*steps).approvals]


EFFECT = "pay changes something that cannot be taken back"
TAINT = "pay would act on what nobody vouches for: its 'read_out' comes from a page (read)"
PLAN = "the plan asks for a person here"


@pytest.mark.parametrize(
    ("more", "waits"),
    [
        ({}, [("s1", "effects", EFFECT)]),
        ({"approval": "auto"}, [("s1", "effects", EFFECT)]),
        ({"approval": "never"}, []),
        ({"approval": "always"}, [("s1", "always", PLAN)]),
    ],
)
def test_an_effect_waits_as_its_plan_and_the_terms_say(
    more: dict[str, Any], waits: list[tuple[str, str, str]]
) -> None:
    assert asked(step("s1", "pay", **more)) == waits


@pytest.mark.parametrize("approval", ["auto", "never"])
def test_an_untrusted_value_into_an_effect_waits_on_any_terms(approval: str) -> None:
    assert asked(step("read", "scrape"), step("s1", "pay", "read", approval=approval)) == [
        ("s1", "always", TAINT)
    ]


def test_a_step_with_two_reasons_to_wait_tells_both() -> None:
    told = asked(step("read", "scrape"), step("s1", "pay", "read", approval="always"))
    assert told == [("s1", "always", PLAN), ("s1", "always", TAINT)]


def test_what_changes_nothing_does_not_wait() -> None:
    assert asked(step("read", "scrape"), step("s1", "data", "read")) == []
    assert asked(step("s1", "data", approval="always")) == [("s1", "always", PLAN)]


def test_a_stand_in_with_an_effect_makes_the_step_wait() -> None:
    more = {"on_failure": "fallback", "fallback_agent": "pay"}
    assert [when for _, when, _ in asked(step("s1", "data", **more))] == ["effects"]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([step("s1", "data")], None),
        (
            [step("s1", "data"), step("s2", "data", "s1", when={"key": "s1_out", "op": "exists"})],
            "whether s2 will run at all: a condition decides; they are counted in",
        ),
        (
            [step("s1", "data"), step("s2", "data", "s1", foreach={"key": "s1_out"})],
            "how many elements s2 will have",
        ),
        ([step("s1", "wasm:ask")], "what s1 will cost in tokens or money"),
        ([step("s1", "pay")], "how long a person takes to decide"),
        (
            [step("s1", "data", on_failure="replan")],
            "what a new plan after a failure would do; it stays within this one's agents, hosts and effects",
        ),
    ],
)
def test_what_cannot_be_known_is_said(steps: list[dict[str, Any]], text: str | None) -> None:
    assert ahead(*steps).unknown == (() if text is None else (text,))


def test_guesses_are_owned_up_to_and_long_lists_cut() -> None:
    found = ahead(*(step(f"s{n}", "data") for n in range(9)), past=Past())
    assert found.unknown == (
        "how long s0, s1, s2, s3, s4 and 4 more will take: no such agent has run here, so the times are guesses",
    )


def test_an_unknown_cost_of_one_step_makes_the_whole_unknown() -> None:
    found = ahead(step("s1", "data"), step("s2", "wasm:ask"))
    assert (found.tokens, found.usd, found.steps[0].tokens) == (None, None, 0)
