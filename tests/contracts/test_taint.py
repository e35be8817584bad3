"""Where values come from: what strangers wrote stays theirs through whatever is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.effect import Effect
from contracts.plan import load_plan
from contracts.taint import Source, is_effectful, is_untrusted, needs_approval, tainted_keys


def card(name: str, effect: str = "pure", **more: Any) -> AgentCard:
    return AgentCard(name, "1.0.0", name, takes={}, gives={}, effect=Effect(effect), **more)


CARDS = {
    c.name: c
    for c in (
        card("scrape", untrusted_output=True),
        card("vision", untrusted_output=True),
        card("data"),
        card("wasm:stats"),
        card("send", "effectful"),
        card("put", "idempotent"),
    )
}


def step(sid: str, *reads: str, agent: str = "data", **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": sid, "required_agent": agent, "dependencies": [r[2:] for r in reads if r[:2] == "k_"],
        "input_keys": list(reads), "output_key": f"k_{sid}",
    } | more  # fmt: skip


def plan(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"objective": "x", "subtasks": list(steps), **more}


def test_a_guest_is_never_trusted_whatever_its_card_says() -> None:
    document = {"name": "wasm:x", "version": "1.0.0", "description": "x", "takes": {}, "gives": {}}
    assert read_card(document | {"untrusted_output": False}, where="x").untrusted_output
    assert is_untrusted("wasm:stats", CARDS)


def test_an_agent_nobody_knows_is_not_trusted() -> None:
    assert is_untrusted("gone", CARDS)
    assert not is_untrusted("data", CARDS)


def test_taint_passes_through_every_step_that_reads_it_and_no_other() -> None:
    found = tainted_keys(
        plan(
            step("page", agent="scrape"),
            step("mine", "given"),
            step("rows", "k_page"),
            step("both", "k_rows", "k_mine"),
            step("after", dependencies=["both"]),
            inputs={"given": "https://evil.example"},
        ),
        CARDS,
    )
    assert found == dict.fromkeys(("k_page", "k_rows", "k_both"), (Source("page", "scrape"),))


def test_a_plan_written_in_any_order_gives_the_same_taint() -> None:
    steps = [step("z", "k_m"), step("m", "k_a"), step("a", agent="vision")]
    assert tainted_keys(plan(*steps), CARDS).keys() == {"k_a", "k_m", "k_z"}
    assert tainted_keys(load_plan(plan(*steps)), CARDS) == tainted_keys(plan(*steps), CARDS)


@pytest.mark.parametrize(
    ("reads", "says"),
    [
        ({"bind": {"to": {"key": "k_a", "pointer": "/mail"}}}, "its 'to' comes from a page (a)"),
        ({}, "its 'k_a' comes from a page (a)"),
        ({"foreach": {"key": "k_a"}}, "what it runs over comes from a page (a)"),
        ({"when": {"key": "k_a", "op": "exists"}}, "its condition comes from a page (a)"),
    ],
)
def test_each_way_into_an_effect_is_named_in_words(reads: dict[str, Any], says: str) -> None:
    found = needs_approval(plan(step("a", agent="scrape"), step("s", "k_a", agent="send", **reads)), CARDS)
    assert [str(use) for use in found["s"]] == [says]


def test_a_condition_of_an_earlier_step_counts_for_every_effect_behind_it() -> None:
    steps = [
        step("a", agent="scrape"),
        step("check", "k_a", when={"key": "k_a", "op": "exists"}),
        step("next", dependencies=["check"]),
        step("s", agent="send", dependencies=["next"]),
        step("own", agent="send"),
    ]
    found = needs_approval(plan(*steps), CARDS)
    assert list(found) == ["s"]
    assert str(found["s"][0]) == "whether check is done, for which it waits, comes from a page (a)"


def test_sources_are_named_for_what_they_are() -> None:
    steps = [
        step("p", agent="vision"),
        step("g", "k_p", agent="wasm:stats"),
        step("s", agent="send", dependencies=["g"], input_keys=["k_g"]),
    ]
    (use,) = needs_approval(plan(*steps), CARDS)["s"]
    assert str(use) == "its 'k_g' comes from the agent wasm:stats (g) and a photo (p)"


@pytest.mark.parametrize(
    ("more", "acts"),
    [
        ({"agent": "send"}, True),
        ({"agent": "put"}, False),
        ({"agent": "data"}, False),
        ({"agent": "data", "effect": "effectful"}, True),
        ({"agent": "data", "on_failure": "fallback", "fallback_agent": "send"}, True),
    ],
)
def test_only_what_acts_for_good_asks_for_a_person(more: dict[str, Any], *, acts: bool) -> None:
    acting = step("s", "k_a", **more)
    assert is_effectful(acting, CARDS) is acts
    assert bool(needs_approval(plan(step("a", agent="scrape"), acting), CARDS)) is acts


def test_a_long_chain_is_followed_to_its_end() -> None:
    steps = [step("s0", agent="scrape"), *(step(f"s{n}", f"k_s{n - 1}") for n in range(1, 3000))]
    assert len(tainted_keys(plan(*steps), CARDS)) == 3000
