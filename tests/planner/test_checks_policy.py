"""What was asked for and what was granted bound a plan: hosts, effects, capabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.effect import Effect
from contracts.structure import seal
from planner.checks.asked import HARMLESS, Asked
from planner.validation import check

HTTP = {"http": [{"host": "api.shop.example"}]}


def agent(name: str, *, effect: Effect = Effect.PURE, **capabilities: Any) -> AgentCard:
    card = read_card(
        {"name": name, "version": "1.0.0", "description": "d", "takes": {}, "gives": {}},
        where=name,
        extra={"capabilities": capabilities},
    )
    return replace(card, effect=effect)


def plan(*agents: str, **more: Any) -> dict[str, Any]:
    steps: list[Any] = [
        {
            "id": f"s{n}", "objective": "o", "required_agent": name, "dependencies": [], "input_keys": [],
            "output_key": f"k{n}", **more,
        }
        for n, name in enumerate(agents)
    ]  # fmt: skip
    return seal({"objective": "x", "subtasks": steps})


def problems(cards: Any, asked: Asked, *agents: str, **more: Any) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in check(plan(*agents, **more), cards, asked=asked)]


SENDS, KEEPS, PLAIN = (
    agent("wasm:mail", effect=Effect.EFFECTFUL),
    agent("wasm:kv", kv=[{"namespace": "n"}]),
    agent("data"),
)


def test_nothing_is_judged_that_nothing_is_known_of() -> None:
    assert problems((SENDS, KEEPS, PLAIN), Asked(), "wasm:mail", "wasm:kv", "data") == []


@pytest.mark.parametrize(
    ("asked", "is_refused"),
    [
        (Asked(effects=HARMLESS), True),
        (Asked(effects=HARMLESS, agents=frozenset({"wasm:mail"})), False),
        (Asked(effects=HARMLESS | {"effectful"}), False),
    ],
)
def test_an_effect_nobody_asked_for_is_refused(asked: Asked, *, is_refused: bool) -> None:
    expected = [("plan.effect_not_asked", "/subtasks/1/required_agent")] if is_refused else []
    assert problems((SENDS, PLAIN), asked, "data", "wasm:mail") == expected


def test_an_effect_hidden_in_a_fallback_is_found() -> None:
    found = problems(
        (SENDS, PLAIN), Asked(effects=HARMLESS), "data", on_failure="fallback", fallback_agent="wasm:mail"
    )
    assert found == [("plan.effect_not_asked", "/subtasks/0/fallback_agent")]


def test_the_refusal_names_step_agent_and_next_step() -> None:
    (problem,) = check(plan("wasm:mail"), (SENDS,), asked=Asked(effects=HARMLESS))
    assert (
        problem.message
        == "'s0' uses wasm:mail, which is effectful, and the objective asks for no such effect"
    )
    assert "say in the objective" in problem.hint


@pytest.mark.parametrize(
    ("wants", "granted", "is_refused"),
    [
        (HTTP, {"http:api.shop.example"}, False),
        (HTTP, {"http:*.shop.example"}, False),
        (HTTP, {"http:*"}, False),
        (HTTP, {"http:shop.example"}, True),
        (HTTP, {"kv:*"}, True),
        (HTTP, set(), True),
        ({"http": [{"host": "*.shop.example"}]}, {"http:api.shop.example"}, False),
        ({"http": [{"host": "a.example"}, {"host": "b.example"}]}, {"http:b.example"}, False),
        ({"kv": [{"namespace": "notes"}]}, {"kv:notes"}, False),
        ({"kv": [{"namespace": "notes"}]}, {"kv:other"}, True),
        ({"llm": [{"models": ["small", "big"]}]}, {"llm:big"}, False),
        ({"llm": [{"models": ["small"]}]}, {"llm:big"}, True),
        ({"secrets": [{"name": "token", "hosts": ["a.example"]}]}, set(), True),
        ({"clock": "real", "random": "os"}, set(), False),
        ({}, set(), False),
    ],
)
def test_a_capability_the_operator_does_not_grant_is_refused(
    wants: Any, granted: set[str], *, is_refused: bool
) -> None:
    found = problems((agent("wasm:a", **wants),), Asked(capabilities=frozenset(granted)), "wasm:a")
    assert found == ([("plan.capability_not_granted", "/subtasks/0/required_agent")] if is_refused else [])


def test_what_is_missing_is_named() -> None:
    (problem,) = check(plan("wasm:kv"), (KEEPS,), asked=Asked(capabilities=frozenset()))
    assert problem.message == "'s0' uses wasm:kv, which asks for kv:n: not granted"
    assert problem.hint == "Grant it in the settings (guests.allow_kv), or use another agent."


def test_hosts_asked_for_bound_a_plan_like_those_allowed() -> None:
    bind = {"a": {"literal": "http://evil.test/"}}
    asked = Asked(hosts=frozenset({"x.test"}))
    assert problems((PLAIN,), asked, "data", bind=bind) == [
        ("plan.url_not_allowed", "/subtasks/0/bind/a/literal")
    ]
    assert problems((PLAIN,), Asked(hosts=frozenset({"evil.test"})), "data", bind=bind) == []
