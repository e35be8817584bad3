"""Every field of a plan at its limits: what is just right is taken, what is just wrong is named by its place."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.errors import InvalidPlan
from contracts.jsonvalue import resolve_pointer
from contracts.plan import Plan, load_plan, plan_of
from contracts.structure import MAX_SHAPE_PROBLEMS, plan_problems, plan_schema, seal

RICH: dict[str, Any] = {
    "parent": "a" * 64,
    "objective": "Find the cheapest lot",
    "inputs": {"site": "https://lots.example", "n": [1, {"x": None}]},
    "origin": {
        "planner": "llm",
        "model": "m",
        "repairs": [{"code": "c", "path": "/p", "before": 1, "after": [2]}],
        "llm_rounds": 2,
        "extra": True,
    },
    "subtasks": [
        {
            "id": "a",
            "objective": "Look",
            "required_agent": "scrape",
            "dependencies": [],
            "input_keys": ["site", "n"],
            "bind": {"url": {"key": "site"}, "deep": {"key": "n", "pointer": "/1/x"}, "q": {"literal": None}},
            "output_key": "found",
            "output_schema": {"type": "object"},
            "on_failure": "fallback",
            "fallback_agent": "data",
            "retries": 5,
            "timeout_s": 0.5,
            "approval": "always",
            "budget": {"wall_s": 1, "fuel": 1, "requests": 0, "bytes": 0},
            "effect": "idempotent",
        },
        {
            "id": "b",
            "objective": "Judge each",
            "required_agent": "wasm:judge",
            "dependencies": ["a"],
            "input_keys": ["found"],
            "foreach": {"key": "found", "pointer": "/items", "max_items": 1000},
            "when": {"key": "found", "pointer": "/items", "op": "ne", "value": []},
            "output_key": "judged",
        },
    ],
    "result_key": "judged",
    "budget": {"wall_s": 60, "fuel": 10, "requests": 3, "bytes": 1},
    "estimate": {"critical_path_s": 1, "sequential_s": 2.5, "tokens": 0, "risk": 100, "risk_reasons": ["r"], "x": 1},
}  # fmt: skip


def put(pointer: str, value: Any) -> dict[str, Any]:
    """Return the rich plan with one place changed."""
    whole = deepcopy(RICH)
    *path, last = pointer[1:].split("/")
    here: Any = whole
    for token in path:
        here = here[int(token)] if isinstance(here, list) else here[token]
    here[int(last) if isinstance(here, list) else last] = value
    return whole


def places(document: dict[str, Any]) -> list[str]:
    """Return where each problem of shape stands, and see that no other kind is among them."""
    found = plan_problems(seal(document))
    assert {p.code for p in found} <= {"plan.shape"}
    return [p.pointer for p in found]


def test_a_plan_that_uses_every_field_is_sound_and_comes_back_as_it_was_written() -> None:
    plan = load_plan(RICH)
    assert plan.as_json() == {"schema": "plan/1", "plan_id": plan.plan_id, **RICH}
    assert load_plan(json.dumps(plan.as_json())) == plan


def test_the_rich_plan_leaves_no_field_of_the_schema_out() -> None:
    def uses(part: Any, schema: Any) -> None:
        assert set(schema["properties"]) <= set(part), set(schema["properties"]) - set(part)

    schema = plan_schema()
    uses({**RICH, "schema": 0, "plan_id": 0}, schema)
    uses({**RICH["subtasks"][0], **RICH["subtasks"][1]}, schema["$defs"]["subtask"])


AT_THE_LIMIT: list[tuple[str, Any]] = [
    ("/objective", "x"),
    ("/objective", "é" * 4000),
    ("/inputs/" + "k" * 63, None),
    ("/subtasks/0/objective", "x" * 1000),
    ("/subtasks/0/retries", 0),
    ("/subtasks/0/timeout_s", 5e-324),
    ("/subtasks/0/timeout_s", 10**30),
    ("/subtasks/0/bind/", {"literal": 1}),
    ("/subtasks/0/bind/q", {"literal": {"key": "site"}}),
    ("/subtasks/0/budget", {}),
    ("/subtasks/0/budget/fuel", 2**70),
    ("/subtasks/0/output_schema", {}),
    ("/subtasks/1/foreach/max_items", 1),
    ("/subtasks/1/when", {"key": "found", "op": "empty"}),
    ("/origin", {"planner": "cache"}),
    ("/origin/repairs", []),
    ("/estimate", {}),
    ("/estimate/risk", 0),
    ("/budget", {}),
    ("/parent", None),
]


@pytest.mark.parametrize(("pointer", "value"), AT_THE_LIMIT)
def test_a_field_is_taken_up_to_its_limit(pointer: str, value: Any) -> None:
    document = put(pointer, value)
    assert places(document) == []
    assert resolve_pointer(load_plan(document).as_json(), pointer) == value


OVER_THE_LIMIT = [
    ("/objective", "", "/objective"),
    ("/objective", "x" * 4001, "/objective"),
    ("/objective", ["x"], "/objective"),
    ("/schema", "plan/2", "/schema"),
    ("/surprise", 1, ""),
    ("/parent", 7, "/parent"),
    ("/inputs", [], "/inputs"),
    ("/inputs/Site", 1, "/inputs"),
    ("/inputs/" + "k" * 64, 1, "/inputs"),
    ("/origin", {}, "/origin"),
    ("/origin/planner", "oracle", "/origin/planner"),
    ("/origin/llm_rounds", 3, "/origin/llm_rounds"),
    ("/origin/model", None, "/origin/model"),
    ("/origin/repairs/0", {"code": "c"}, "/origin/repairs/0"),
    ("/origin/repairs/0/why", "x", "/origin/repairs/0"),
    ("/subtasks", [], "/subtasks"),
    ("/subtasks", {"a": {}}, "/subtasks"),
    ("/subtasks/0", "a", "/subtasks/0"),
    ("/subtasks/0/id", "1a", "/subtasks/0/id"),
    ("/subtasks/0/id", "a\n", "/subtasks/0/id"),
    ("/subtasks/0/id", "k" * 64, "/subtasks/0/id"),
    ("/subtasks/0/objective", "", "/subtasks/0/objective"),
    ("/subtasks/0/objective", "x" * 1001, "/subtasks/0/objective"),
    ("/subtasks/0/required_agent", None, "/subtasks/0/required_agent"),
    ("/subtasks/0/dependencies", "a", "/subtasks/0/dependencies"),
    ("/subtasks/1/dependencies", ["a", "a"], "/subtasks/1/dependencies"),
    ("/subtasks/1/dependencies", ["a b"], "/subtasks/1/dependencies/0"),
    ("/subtasks/0/input_keys", ["n", "n"], "/subtasks/0/input_keys"),
    ("/subtasks/0/input_keys", [7], "/subtasks/0/input_keys/0"),
    ("/subtasks/0/bind/url", {}, "/subtasks/0/bind/url"),
    ("/subtasks/0/bind/url", "site", "/subtasks/0/bind/url"),
    ("/subtasks/0/bind/url", {"key": None}, "/subtasks/0/bind/url"),
    ("/subtasks/0/bind/url", {"key": "site", "literal": 1}, "/subtasks/0/bind/url"),
    ("/subtasks/0/bind/url", {"literal": 1, "pointer": ""}, "/subtasks/0/bind/url"),
    ("/subtasks/0/output_key", "Found", "/subtasks/0/output_key"),
    ("/subtasks/0/output_schema", True, "/subtasks/0/output_schema"),
    ("/subtasks/0/on_failure", "retry", "/subtasks/0/on_failure"),
    ("/subtasks/0/fallback_agent", None, "/subtasks/0/fallback_agent"),
    ("/subtasks/0/retries", 6, "/subtasks/0/retries"),
    ("/subtasks/0/retries", -1, "/subtasks/0/retries"),
    ("/subtasks/0/retries", 1.5, "/subtasks/0/retries"),
    ("/subtasks/0/retries", True, "/subtasks/0/retries"),
    ("/subtasks/0/timeout_s", 0, "/subtasks/0/timeout_s"),
    ("/subtasks/0/timeout_s", "30", "/subtasks/0/timeout_s"),
    ("/subtasks/0/approval", "sometimes", "/subtasks/0/approval"),
    ("/subtasks/0/effect", "harmless", "/subtasks/0/effect"),
    ("/subtasks/0/budget/minutes", 1, "/subtasks/0/budget"),
    ("/subtasks/1/foreach/max_items", 0, "/subtasks/1/foreach/max_items"),
    ("/subtasks/1/foreach/max_items", 1001, "/subtasks/1/foreach/max_items"),
    ("/subtasks/1/foreach", {}, "/subtasks/1/foreach"),
    ("/subtasks/1/foreach/limit", 5, "/subtasks/1/foreach"),
    ("/subtasks/1/when/op", "le", "/subtasks/1/when/op"),
    ("/subtasks/1/when/otherwise", 1, "/subtasks/1/when"),
    ("/subtasks/1/when", {"key": "found"}, "/subtasks/1/when"),
    ("/result_key", None, "/result_key"),
    ("/budget/wall_s", 0, "/budget/wall_s"),
    ("/budget/seconds", 1, "/budget"),
    ("/estimate/risk", 101, "/estimate/risk"),
    ("/estimate/risk_reasons", "r", "/estimate/risk_reasons"),
]


@pytest.mark.parametrize(("pointer", "value", "place"), OVER_THE_LIMIT)
def test_a_field_beyond_its_limit_is_refused_at_its_own_place(pointer: str, value: Any, place: str) -> None:
    document = put(pointer, value)
    assert places(document) == [place]
    with pytest.raises(InvalidPlan) as caught:
        load_plan(document)
    assert (caught.value.code, caught.value.where) == ("plan.shape", place)


@pytest.mark.parametrize("name", ["objective", "subtasks"])
def test_what_no_plan_goes_without_is_missed_by_name(name: str) -> None:
    (problem,) = plan_problems(seal({k: v for k, v in RICH.items() if k != name}))
    assert (problem.pointer, problem.message) == ("", f'"{name}" is a required property')


@pytest.mark.parametrize(
    "name", ["id", "objective", "required_agent", "dependencies", "input_keys", "output_key"]
)
def test_what_no_subtask_goes_without_is_missed_by_name(name: str) -> None:
    bare = {k: v for k, v in RICH["subtasks"][0].items() if k != name}
    (problem,) = plan_problems(seal({**RICH, "subtasks": [bare]}))
    owner = "" if name == "id" else "'a': "
    said = f'{owner}"{name}" is a required property'
    assert (problem.pointer, problem.message, problem.hint) == ("/subtasks/0", said, "Add the field.")


def test_a_sealed_plan_is_asked_for_all_that_sealing_would_have_given() -> None:
    found = plan_problems({**RICH, "plan_id": "x", "origin": 1})
    assert [(p.pointer, p.message) for p in found] == snapshot(
        [
            ("", '"schema" is a required property'),
            ("/origin", '1 is not of type "object"'),
            ("/plan_id", '"x" does not match "^[0-9a-f]{64}$"'),
        ]
    )


def test_a_plan_wrong_in_a_thousand_places_names_a_hundred() -> None:
    wrong: Any = [{**RICH["subtasks"][0], "retries": 9}] * 1000
    assert len(plan_problems(seal({**RICH, "subtasks": wrong}))) == MAX_SHAPE_PROBLEMS


def test_more_subtasks_than_a_plan_may_have_are_refused_and_not_walked() -> None:
    many = [{**RICH["subtasks"][1], "id": "b", "dependencies": []}] * 10_001
    assert places({**RICH, "subtasks": many}) == ["/subtasks"]


JUNK = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "a", "found", "k\n", [], ["a"], [None], {}, {"key": "found"}, {"literal": 1}, "é" * 70]
)  # fmt: skip


def every_place(value: Any, at: str = "") -> list[str]:
    """Return a pointer to everything inside a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for name, inner in pairs for p in (f"{at}/{name}", *every_place(inner, f"{at}/{name}"))]


PLACES = [*every_place(RICH), "/new", "/subtasks/0/new", "/subtasks/1/when/new", "/subtasks/1/foreach/new"]


@settings(max_examples=50)
@given(st.sampled_from(PLACES), JUNK)
def test_what_the_checks_let_pass_is_a_plan_that_keeps_its_name(pointer: str, value: Any) -> None:
    whole = seal(put(pointer, value))
    if plan_problems(whole, is_ours=True):
        return
    plan = plan_of(whole)
    again = plan.as_json()
    assert (again, plan_problems(again)) == (whole, [])


@settings(max_examples=50)
@given(st.sampled_from(PLACES), JUNK)
def test_every_pointer_of_a_problem_leads_to_something_that_was_sent(pointer: str, value: Any) -> None:
    whole = seal(put(pointer, value))
    for problem in plan_problems(whole, is_ours=True):
        resolve_pointer(whole, problem.pointer)


def test_a_plan_in_hand_cannot_be_changed() -> None:
    plan: Any = load_plan(RICH)
    with pytest.raises(ValueError, match="frozen"):
        plan.objective = "another"
    with pytest.raises(ValueError, match="frozen"):
        plan.subtasks[0].retries = 0


def test_the_model_and_the_schema_require_the_same_fields() -> None:
    model = Plan.model_json_schema(by_alias=True)
    assert set(plan_schema()["required"]) == set(model["required"])
    assert set(plan_schema()["$defs"]["subtask"]["required"]) == set(model["$defs"]["Subtask"]["required"])
