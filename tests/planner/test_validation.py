"""One check for every plan, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.hosts import hosts_in
from contracts.structure import seal
from planner.validation import check, parameters_of


def step(number: int = 1, agent: str = "scrape", **fields: Any) -> dict[str, Any]:
    whole = {
        "id": f"s{number}",
        "objective": "do it",
        "required_agent": agent,
        "dependencies": [],
        "input_keys": [],
        "bind": {"url": {"literal": "http://x.test/"}},
        "output_key": f"out{number}",
    }
    return whole | fields


def plan_of(*subtasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return seal({"objective": "anything", "subtasks": list(subtasks), **fields})


def codes(document: dict[str, Any], cards: tuple[AgentCard, ...], **options: Any) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in check(document, cards, **options)]


def test_a_sound_plan_has_no_problems(cards: tuple[AgentCard, ...]) -> None:
    assert check(plan_of(step()), cards) == []


def test_an_unknown_agent_is_named_with_those_that_look_like_it(cards: tuple[AgentCard, ...]) -> None:
    (problem,) = check(plan_of(step(agent="scraper")), cards)
    assert (problem.code, problem.pointer) == ("plan.unknown_agent", "/subtasks/0/required_agent")
    assert problem.hint == "Nearest: scrape."


def test_a_guest_named_without_its_prefix_is_not_guessed_but_suggested(cards: tuple[AgentCard, ...]) -> None:
    (problem,) = check(plan_of(step(agent="echo", bind={})), cards)
    assert problem.code == "plan.unknown_agent"
    assert "wasm:echo" in problem.hint


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"bind": {"uri": {"literal": "x"}}}, "/subtasks/0/bind"),
        ({"bind": {"url": {"literal": 5}}}, "/subtasks/0/bind/url/literal"),
        ({"bind": {"urls": {"literal": ["a", 2]}}}, "/subtasks/0/bind/urls/literal/1"),
        ({"bind": {"render": {"literal": "maybe"}}}, "/subtasks/0/bind/render/literal"),
        ({"bind": {"max_pages": {"literal": 0}}}, "/subtasks/0/bind/max_pages/literal"),
        ({"agent": "data", "bind": {"steps": {"literal": [{"op": "from"}]}}}, "/subtasks/0/bind"),
        (
            {"agent": "data", "bind": {"tables": {"literal": {}}, "steps": {"literal": []}}},
            "/subtasks/0/bind/steps/literal",
        ),
        ({"agent": "wasm:text_stats", "bind": {}}, "/subtasks/0/bind"),
        ({"agent": "wasm:text_stats", "bind": {"text": {"literal": None}}}, "/subtasks/0/bind"),
    ],
)
def test_arguments_an_agent_does_not_take_are_found(
    cards: tuple[AgentCard, ...], fields: dict[str, Any], pointer: str
) -> None:
    found = codes(plan_of(step(**{"agent": "scrape", **fields})), cards)
    assert found == [("plan.bad_arguments", pointer)]


def test_a_null_literal_counts_as_absent(cards: tuple[AgentCard, ...]) -> None:
    bind = {"url": {"literal": "http://x.test/"}, "max_pages": {"literal": None}}
    assert check(plan_of(step(bind=bind)), cards) == []


def test_parts_of_a_parameter_stand_for_the_parameter(cards: tuple[AgentCard, ...]) -> None:
    bind = {"tables.a": {"literal": []}, "tables.b": {"literal": []}, "steps": {"literal": [{"op": "from"}]}}
    assert check(plan_of(step(agent="data", bind=bind)), cards) == []


def test_a_parameter_cannot_come_whole_and_in_parts(cards: tuple[AgentCard, ...]) -> None:
    bind = {"tables": {"literal": {}}, "tables.b": {"literal": []}, "steps": {"literal": [{"op": "from"}]}}
    assert codes(plan_of(step(agent="data", bind=bind)), cards) == [
        ("plan.bad_arguments", "/subtasks/0/bind")
    ]


def test_an_input_key_no_bind_reads_is_a_parameter_of_its_name(cards: tuple[AgentCard, ...]) -> None:
    document = plan_of(step(bind={}, input_keys=["url"]), inputs={"url": "http://x.test/"})
    assert check(document, cards) == []
    document = plan_of(step(input_keys=["extra"]), inputs={"extra": 1})
    assert codes(document, cards) == [("plan.bad_arguments", "/subtasks/0/bind")]


def test_an_open_agent_takes_anything(cards: tuple[AgentCard, ...]) -> None:
    assert check(plan_of(step(agent="wasm:echo", bind={"what": {"literal": {"ever": 1}}})), cards) == []


@pytest.mark.parametrize(("effect", "weaker"), [("pure", True), ("idempotent", False), ("effectful", False)])
def test_an_effect_weaker_than_the_cards_is_refused(
    cards: tuple[AgentCard, ...], effect: str, *, weaker: bool
) -> None:
    found = codes(plan_of(step(effect=effect)), cards)
    assert found == ([("plan.effect_weaker", "/subtasks/0/effect")] if weaker else [])


@pytest.mark.parametrize(
    ("value", "is_allowed"),
    [
        ("http://x.test/other", True),
        ("HTTPS://X.TEST/", True),
        ("http://evil.test/", False),
        ("http://x.test@evil.test/", False),
        ("http://x.test.evil.test/", False),
        ("http://[broken", False),
        ("just words", True),
    ],
)
def test_a_literal_url_goes_only_where_it_may(
    cards: tuple[AgentCard, ...], value: str, *, is_allowed: bool
) -> None:
    document = plan_of(step(bind={"url": {"literal": value}}))
    found = codes(document, cards, allowed_hosts={"x.test"})
    assert found == ([] if is_allowed else [("plan.url_not_allowed", "/subtasks/0/bind/url/literal")])


def test_urls_are_found_however_deep_they_lie(cards: tuple[AgentCard, ...]) -> None:
    bind = {"what": {"literal": {"a": [{"b": "http://evil.test/"}]}}}
    found = codes(plan_of(step(agent="wasm:echo", bind=bind)), cards, allowed_hosts=set())
    assert found == [("plan.url_not_allowed", "/subtasks/0/bind/what/literal")]


def falling_back_on(other: str, **fields: Any) -> dict[str, Any]:
    return step(on_failure="fallback", fallback_agent=other, **fields)


def test_an_agent_to_fall_back_on_that_takes_the_same_is_sound(cards: tuple[AgentCard, ...]) -> None:
    assert check(plan_of(falling_back_on("wasm:echo")), cards) == []


def test_an_agent_to_fall_back_on_must_exist(cards: tuple[AgentCard, ...]) -> None:
    (problem,) = check(plan_of(falling_back_on("scraper")), cards)
    assert (problem.code, problem.pointer) == ("plan.unknown_agent", "/subtasks/0/fallback_agent")
    assert problem.hint == "Nearest: scrape."


def test_two_agents_that_do_not_exist_are_two_problems(cards: tuple[AgentCard, ...]) -> None:
    assert codes(plan_of(falling_back_on("nobody", agent="nothing")), cards) == [
        ("plan.unknown_agent", "/subtasks/0/required_agent"),
        ("plan.unknown_agent", "/subtasks/0/fallback_agent"),
    ]


@pytest.mark.parametrize(
    ("agent", "fields", "pointer"),
    [
        ("wasm:text_stats", {}, "/subtasks/0/bind"),
        ("time", {}, "/subtasks/0/bind"),
        ("time", {"agent": "wasm:echo", "bind": {"text": {"literal": 1}}}, "/subtasks/0/bind/text/literal"),
    ],
)
def test_arguments_must_fit_the_agent_to_fall_back_on_too(
    cards: tuple[AgentCard, ...], agent: str, fields: dict[str, Any], pointer: str
) -> None:
    found = set(codes(plan_of(falling_back_on(agent, **fields)), cards))
    assert found == {("plan.bad_arguments", pointer)}


def test_an_effect_weaker_than_that_of_the_agent_to_fall_back_on_is_refused(
    cards: tuple[AgentCard, ...],
) -> None:
    document = plan_of(falling_back_on("scrape", agent="wasm:echo", effect="pure"))
    assert codes(document, cards) == [("plan.effect_weaker", "/subtasks/0/effect")]


def test_every_problem_is_told_at_once(cards: tuple[AgentCard, ...]) -> None:
    document = plan_of(
        step(1, dependencies=["s9"], bind={"uri": {"literal": 1}}),
        step(2, agent="nobody"),
        step(3, output_key="out1", effect="pure"),
    )
    assert {code for code, _ in codes(document, cards)} == {
        "plan.dangling_dependency",
        "plan.two_writers",
        "plan.bad_arguments",
        "plan.unknown_agent",
        "plan.effect_weaker",
    }


def test_a_plan_without_shape_is_judged_no_further(cards: tuple[AgentCard, ...]) -> None:
    assert {code for code, _ in codes({"subtasks": "none"}, cards)} == {"plan.shape"}


def test_problems_are_bounded_in_number(cards: tuple[AgentCard, ...]) -> None:
    document = plan_of(*(step(n, agent="nobody") for n in range(1, 500)))
    assert len(check(document, cards)) == 100


def test_schemas_with_shared_definitions_are_understood() -> None:
    takes = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"step": {"$ref": "#/$defs/Step"}},
        "$defs": {"Step": {"type": "object", "required": ["op"], "properties": {"op": {"const": "go"}}}},
    }
    card = read_card(
        {"name": "a", "version": "1.0.0", "description": "d", "takes": takes, "gives": {}}, where="a"
    )
    good = plan_of(step(agent="a", bind={"step": {"literal": {"op": "go"}}}))
    bad = plan_of(step(agent="a", bind={"step": {"literal": {"op": "stop"}}}))
    assert check(good, (card,)) == []
    assert codes(bad, (card,)) == [("plan.bad_arguments", "/subtasks/0/bind/step/literal/op")]


def test_a_card_whose_schema_is_broken_says_nothing_of_arguments() -> None:
    takes = {"type": "object", "properties": {"a": {"$ref": "#/$defs/Gone"}}}
    card = read_card(
        {"name": "a", "version": "1.0.0", "description": "d", "takes": takes, "gives": {}}, where="a"
    )
    assert check(plan_of(step(agent="a", bind={"a": {"literal": 1}})), (card,)) == []


def test_parameters_are_named_by_their_first_part() -> None:
    bind = {"tables.x": {"key": "k"}, "steps": {"literal": []}, "gone": {"literal": None}}
    assert parameters_of({"bind": bind, "input_keys": ["k", "own"]}) == {"tables", "steps", "own"}


def test_the_host_of_a_text_that_is_no_url_is_nothing() -> None:
    assert hosts_in("see http://x.test/") == set()
    assert hosts_in("http://A.test:80/") == {"a.test"}
