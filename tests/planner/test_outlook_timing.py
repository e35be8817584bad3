"""Time and cost: from the step's own past, else its agent's, else a guess that says so; never over the timeout."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.priors import Past, Prior
from planner.outlook.outlook import outlook
from planner.outlook.shape import Outlook, StepOutlook
from planner.outlook.timing import QUICK, SLOW, Width

STEADY = Prior(attempts=10_000, p50_ms=1_000, p95_ms=2_000, mean_ms=1_200)


def agent(name: str, *, extra: dict[str, Any] | None = None, **more: Any) -> AgentCard:
    document = {"name": name, "version": "1.0.0", "description": "d", "takes": {}, "gives": {}, **more}
    return read_card(document, where=name, extra=extra)


def one(
    *,
    past: Past | None = None,
    card: AgentCard | None = None,
    width: Width | None = None,
    inputs: dict[str, Any] | None = None,
    **more: Any,
) -> StepOutlook:
    card = card or agent("data")
    subtask = {
        "id": "s1",
        "objective": "do it",
        "required_agent": card.name,
        "dependencies": [],
        "input_keys": [],
        "output_key": "out",
        **more,
    }
    document = {"plan_id": "0" * 64, "inputs": inputs or {}, "subtasks": [subtask]}
    return outlook(document, [card], past=past or Past(agents={"data": STEADY}), width=width).steps[0]


def span(found: StepOutlook) -> tuple[float, float, float]:
    return tuple(round(s, 2) for s in (found.seconds.p50, found.seconds.p95, found.seconds.most))  # type: ignore[return-value]  # three of them


def test_an_agents_past_is_what_a_step_is_expected_to_take() -> None:
    found = one()
    assert span(found) == (1, 2, 60)
    assert (found.basis.kind, found.basis.attempts) == ("agent", 10_000)


def test_the_steps_own_past_goes_before_its_agents() -> None:
    own = Prior(attempts=400, p50_ms=50, p95_ms=80, mean_ms=55)
    found = one(past=Past(agents={"data": STEADY}, steps={"s1": own}))
    assert (span(found)[:2], found.basis.kind) == ((0.05, 0.08), "step")


@pytest.mark.parametrize(("card", "guess"), [(agent("data"), QUICK), (agent("web", uses=["requests"]), SLOW)])
def test_without_a_past_it_is_a_guess_that_says_so(card: AgentCard, guess: Prior) -> None:
    found = one(card=card, past=Past())
    assert (found.basis.kind, found.seconds.p50) == ("default", guess.p50_ms / 1000)


def test_few_attempts_seen_leave_more_room_for_slow_ones() -> None:
    few = Prior(attempts=1, p50_ms=1_000, p95_ms=1_000, mean_ms=1_000)
    assert span(one(past=Past(agents={"data": few})))[:2] == (1, 2)


def test_a_timeout_bounds_every_estimate() -> None:
    found = one(timeout_s=0.5)
    assert span(found) == (0.5, 0.5, 0.5)
    assert span(one(timeout_s=9, budget={"wall_s": 0.4})) == (0.4, 0.4, 0.4)


def test_an_agent_that_often_fails_is_given_time_to_try_again() -> None:
    shaky = Prior(attempts=10_000, p50_ms=1_000, p95_ms=2_000, mean_ms=1_000, failures=0.3)
    found = one(past=Past(agents={"data": shaky}), retries=5)
    assert (found.seconds.p95, found.attempts_most, found.basis.failures) == (6, 6, 0.3)


@pytest.mark.parametrize(
    ("more", "attempts"),
    [
        ({"retries": 2}, 3),
        ({"retries": 5, "effect": "effectful"}, 1),
        ({"retries": 1, "on_failure": "fallback", "fallback_agent": "data"}, 3),
    ],
)
def test_attempts_are_counted_as_they_will_be_made(more: dict[str, Any], attempts: int) -> None:
    assert one(**more).attempts_most == attempts


@pytest.mark.parametrize(
    ("foreach", "inputs", "prior", "elements"),
    [
        ({"key": "given"}, {"given": [1] * 40}, STEADY, (40, 40, "inputs")),
        ({"key": "given", "pointer": "/rows"}, {"given": {"rows": [1, 2]}}, STEADY, (2, 2, "inputs")),
        ({"key": "given", "max_items": 5}, {"given": [1] * 40}, STEADY, (5, 5, "inputs")),
        ({"key": "given", "pointer": "/no"}, {"given": {}}, STEADY, (10, 1000, "guess")),
        ({"key": "given"}, {"given": "text"}, STEADY, (10, 1000, "guess")),
        ({"key": "made"}, {}, STEADY, (10, 1000, "guess")),
        ({"key": "made", "max_items": 4}, {}, STEADY, (4, 4, "guess")),
        ({"key": "made"}, {}, Prior(9, 1, 1, 1, elements=25), (25, 1000, "past")),
        ({"key": "given"}, {"given": []}, STEADY, (0, 0, "inputs")),
    ],
)
def test_elements_are_counted_remembered_or_guessed(
    foreach: dict[str, Any], inputs: dict[str, Any], prior: Prior, elements: tuple[int, int, str]
) -> None:
    found = one(foreach=foreach, inputs=inputs, past=Past(agents={"data": prior})).elements
    assert found is not None
    assert (found.expected, found.most, found.source) == elements


def test_elements_go_as_many_at_once_as_there_are_places() -> None:
    given: dict[str, Any] = {"inputs": {"given": [1] * 40}, "foreach": {"key": "given"}}
    assert one(**given).seconds.p50 == pytest.approx(5 * 1.2)
    assert one(**given, width=Width(8, {"data": 2})).seconds.p50 == pytest.approx(20 * 1.2)
    assert one(**given, width=Width(40)).seconds.p50 == pytest.approx(1.2)


def test_a_list_that_is_empty_takes_no_time() -> None:
    assert span(one(foreach={"key": "given"}, inputs={"given": []})) == (0, 0, 0)


@pytest.mark.parametrize(
    ("card", "prior", "cost"),
    [
        (agent("data"), STEADY, (0, 0.0)),
        (agent("data", uses=["requests"]), STEADY, (0, 0.0)),
        (agent("data", extra={"capabilities": {"llm": [{"models": ["m"]}]}}), STEADY, (None, None)),
        (agent("data"), Prior(9, 1, 1, 1, tokens=120.4, usd=0.002), (120, 0.002)),
        (agent("data", extra={"capabilities": {"http": [{"host": "pay.test"}]}}), STEADY, (0, None)),
    ],
)
def test_costs_are_known_free_or_unknown(
    card: AgentCard, prior: Prior, cost: tuple[int | None, float | None]
) -> None:
    found = one(card=card, past=Past(agents={"data": prior}))
    assert (found.tokens, found.usd) == cost


def whole(*, run_s: float = 3600, **more: Any) -> Outlook:
    steps: list[dict[str, Any]] = [
        {
            "id": sid,
            "objective": "do it",
            "required_agent": "data",
            "dependencies": [],
            "input_keys": [],
            "output_key": f"{sid}_out",
        }
        for sid in ("s1", "s2")
    ]
    document = {"plan_id": "0" * 64, "subtasks": steps, **more}
    return outlook(document, [agent("data")], past=Past(agents={"data": STEADY}), run_s=run_s)


def test_a_run_takes_no_longer_than_it_may() -> None:
    assert whole().seconds.most == 120
    assert whole(run_s=100).seconds.most == 100
    assert whole(budget={"wall_s": 1.5}).seconds.p95 == 1.5
    assert whole().sequential_s == 2
