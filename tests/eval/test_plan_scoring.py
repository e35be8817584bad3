"""What a plan scores: its agents, their order, what they are given; and the figures of many."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard
from eval.planning.score import UNSUPPORTED, Planned, PlanScore, binds_exactly, score_plan, uses_rightly
from eval.planning.suite import Case
from eval.planning.summary import by_kind, summarize

GEOCODE = AgentCard(
    name="wasm:geocode",
    version="1.0.0",
    description="Finds an address.",
    takes={"type": "object", "required": ["address"], "properties": {"address": {"type": "string"}}},
    gives={},
)
REFUSED = Planned(None, code=UNSUPPORTED, ms=1.0)


def case_of(agents: str = "", optional: str = "", *order: tuple[str, str], **more: Any) -> Case:
    return Case("x", frozenset(agents.split()), frozenset(optional.split()), order, **more)


def plan_of(*steps: tuple[str, str, str], **bind: Any) -> Planned:
    """Return a plan of (id, agent, ids it waits for); the last step has the bind."""
    subtasks = [
        {
            "id": name,
            "required_agent": agent,
            "dependencies": before.split(),
            "input_keys": [f"k{i}" for i in before.split()],
            "output_key": f"k{name}",
        }
        for name, agent, before in steps
    ]
    return Planned({"subtasks": [*subtasks[:-1], subtasks[-1] | {"bind": bind}]}, ms=2.0)


SCRAPE_THEN_DATA = plan_of(("a", "scrape", ""), ("b", "data", "a"))


@pytest.mark.parametrize(
    ("case", "is_exact", "f1"),
    [
        (case_of("scrape data"), True, 1.0),
        (case_of("scrape", "data"), True, 1.0),
        (case_of("scrape"), False, 2 / 3),
        (case_of("scrape data time"), False, 4 / 5),
        (case_of("vision"), False, 0.0),
        (case_of("vision", "scrape data"), False, 0.0),
        (case_of(), False, 0.0),
    ],
)
def test_needed_agents_count_and_optional_ones_are_free(case: Case, *, is_exact: bool, f1: float) -> None:
    found = score_plan(case, SCRAPE_THEN_DATA)
    assert found.is_exact is is_exact
    assert found.f1 == pytest.approx(f1)


def test_an_unsupported_objective_is_right_when_refused() -> None:
    found = score_plan(case_of(), REFUSED)
    assert (found.is_exact, found.f1, found.is_valid, found.is_refused) == (True, 1.0, True, True)


def test_another_failure_is_no_refusal_and_no_valid_plan() -> None:
    found = score_plan(case_of(), Planned(None, code="plan.bad_input"))
    assert (found.is_exact, found.is_valid, found.is_refused) == (False, False, False)


def test_an_error_without_a_code_is_a_crash() -> None:
    codes = ("plan.bad_input", "KeyError", "")
    found = [score_plan(case_of("data"), Planned(None, code=code)).is_crash for code in codes]
    assert found == [False, True, False]


def test_refusing_a_supported_objective_scores_nothing() -> None:
    found = score_plan(case_of("scrape data", "", ("data", "scrape")), REFUSED)
    assert (found.is_exact, found.f1, found.order_kept, found.order_asked) == (False, 0.0, 0, 1)


def test_a_plan_with_problems_is_not_valid() -> None:
    spoilt = Planned(SCRAPE_THEN_DATA.document, problems=("plan.cycle",))
    assert not score_plan(case_of("scrape data"), spoilt).is_valid


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([("a", "scrape", ""), ("b", "time", "a"), ("c", "data", "b")], 1),
        ([("a", "scrape", ""), ("b", "time", "a"), ("c", "data", "")], 0),
        ([("c", "data", ""), ("a", "scrape", "c")], 0),
        ([("a", "scrape", ""), ("b", "data", ""), ("c", "data", "a b")], 1),
        ([("a", "scrape", "b"), ("b", "data", "a")], 1),
        ([("b", "data", "gone")], 0),
    ],
)
def test_an_order_is_kept_through_other_steps_too(steps: list[tuple[str, str, str]], kept: int) -> None:
    found = score_plan(case_of("scrape data", "time", ("data", "scrape")), plan_of(*steps))
    assert (found.order_kept, found.order_asked) == (kept, 1)


def test_an_order_is_not_asked_of_an_optional_agent_that_is_absent() -> None:
    case = case_of("scrape", "data", ("data", "scrape"))
    assert score_plan(case, plan_of(("a", "scrape", ""))).order_asked == 0
    assert score_plan(case, SCRAPE_THEN_DATA).order_kept == 1


def novel(**more: Any) -> Case:
    return case_of("wasm:geocode", needs="wasm:geocode", **more)


@pytest.mark.parametrize(
    ("planned", "is_right"),
    [
        (plan_of(("g", "wasm:geocode", ""), address={"literal": "Bern"}), True),
        (plan_of(("g", "wasm:geocode", ""), address={"literal": None}), False),
        (plan_of(("g", "wasm:geocode", "")), False),
        (plan_of(("a", "scrape", ""), ("g", "wasm:geocode", "a"), address={"key": "ka"}), True),
        (plan_of(("a", "scrape", "")), False),
        (REFUSED, False),
    ],
)
def test_an_agent_is_used_rightly_when_its_required_parameters_are_given(
    planned: Planned, *, is_right: bool
) -> None:
    assert uses_rightly(novel(), planned, [GEOCODE]) is is_right


def test_an_agent_used_before_what_it_needs_is_not_used_rightly() -> None:
    case = case_of("wasm:geocode scrape", "", ("wasm:geocode", "scrape"), needs="wasm:geocode")
    planned = plan_of(("a", "scrape", ""), ("g", "wasm:geocode", ""), address={"literal": "Bern"})
    assert not uses_rightly(case, planned, [GEOCODE])


@pytest.mark.parametrize(
    ("source", "bound", "is_exact"),
    [
        ({"literal": "Bern"}, {"literal": "Bern"}, True),
        ({"literal": "Bern"}, {"literal": "Where is Bern?"}, False),
        ({"input": "place"}, {"key": "place"}, True),
        ({"agent": "scrape"}, {"key": "kb"}, True),
        ({"agent": "data"}, {"key": "kb"}, True),
        ({"agent": "vision"}, {"key": "kb"}, False),
        ({"agent": "scrape"}, {"literal": "Bern"}, False),
    ],
)
def test_a_value_must_come_from_where_the_case_says(
    source: dict[str, str], bound: dict[str, str], *, is_exact: bool
) -> None:
    steps = (("a", "scrape", ""), ("b", "data", "a"), ("g", "wasm:geocode", "b"))
    planned = plan_of(*steps, address=bound)
    assert binds_exactly(novel(binds={"address": source}), planned.document) is is_exact


def scores() -> list[PlanScore]:
    return [
        score_plan(case_of("scrape data", "", ("data", "scrape"), kind="typo"), SCRAPE_THEN_DATA),
        score_plan(case_of("scrape", "", ("scrape", "data"), kind="typo"), SCRAPE_THEN_DATA),
        score_plan(case_of(), REFUSED),
        score_plan(case_of("data"), REFUSED),
    ]


def test_the_summary_tells_supported_and_unsupported_objectives_apart() -> None:
    found = summarize(scores())
    assert found == {
        "objectives": 4,
        "agent_set_exact": 0.5,
        "agent_f1": 0.6667,
        "order_kept": 0.5,
        "order_pairs": 2,
        "valid": 1.0,
        "crashed": 0,
        "supported": 3,
        "supported_exact": 0.3333,
        "supported_f1": 0.5556,
        "supported_refused": 0.3333,
        "unsupported": 1,
        "unsupported_refused": 1.0,
        "p50_ms": 1.5,
        "p95_ms": 2.0,
    }


def test_a_share_of_nothing_is_not_a_number() -> None:
    found = summarize([score_plan(case_of("data"), REFUSED)])
    assert (found["order_kept"], found["unsupported_refused"]) == (None, None)


def test_every_kind_has_its_own_count_and_share() -> None:
    assert by_kind(scores()) == {"plain": (2, 0.5), "typo": (2, 0.5)}
