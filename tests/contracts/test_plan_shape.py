"""What is no plan is told so in few words, whatever it is and however much of it there is."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contracts.errors import InvalidInput, InvalidPlan
from contracts.plan import load_plan
from contracts.plan_shape import MAX_MESSAGE, MAX_POINTER
from contracts.structure import MAX_OF_A_KIND, MAX_SHAPE_PROBLEMS, plan_problems, seal


def step(sid: str, **more: Any) -> dict[str, Any]:
    return {
        "id": sid,
        "objective": "o",
        "required_agent": "data",
        "dependencies": [],
        "input_keys": [],
        "output_key": f"k_{sid}",
    } | more


def plan(*subtasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"objective": "x", "subtasks": list(subtasks), **more}


def places(document: dict[str, Any]) -> list[str]:
    return [p.pointer for p in plan_problems(seal(document))]


@contextmanager
def cheap(seconds: float, megabytes: float) -> Iterator[None]:
    tracemalloc.start()
    begun = time.process_time()
    yield
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < seconds
    assert peak < megabytes * 2**20


@pytest.mark.parametrize(
    ("fields", "pointer", "hint"),
    [
        ({"retries": 1.0}, "/subtasks/0/retries", "Write 1."),
        (
            {"foreach": {"key": "k", "max_items": 5.0}, "input_keys": ["k"]},
            "/subtasks/0/foreach/max_items",
            "Write 5.",
        ),
        ({"budget": {"requests": 3.0}}, "/subtasks/0/budget/requests", "Write 3."),
        ({"budget": {"fuel": 2e3}}, "/subtasks/0/budget/fuel", "Write 2000."),
    ],
)
def test_a_whole_number_written_as_a_fraction_is_refused(fields: Any, pointer: str, hint: str) -> None:
    (problem,) = plan_problems(seal(plan(step("a", **fields), inputs={"k": []})))
    assert (problem.code, problem.pointer, problem.hint) == ("plan.shape", pointer, hint)
    assert problem.message.startswith("'a': ")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"budget": {"bytes": 7.0}}, "/budget/bytes"),
        ({"estimate": {"tokens": 7.0}}, "/estimate/tokens"),
        ({"origin": {"planner": "llm", "llm_rounds": 1.0}}, "/origin/llm_rounds"),
    ],
)
def test_so_is_one_of_the_whole_plan(more: Any, pointer: str) -> None:
    assert places(plan(step("a"), **more)) == [pointer]


def test_seconds_may_have_fractions_and_keep_their_spelling() -> None:
    kept = load_plan(plan(step("a", timeout_s=2.0, budget={"wall_s": 3.0}), budget={"wall_s": 4}))
    assert load_plan(kept.as_json()).plan_id == kept.plan_id


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "json.malformed"),
        (float("inf"), "json.malformed"),
        ("\ud800", "json.encoding"),
        ({1: 2}, "json.malformed"),
        ({1, 2}, "json.malformed"),
        (object(), "json.malformed"),
    ],
)
@pytest.mark.parametrize(
    "named", [{}, {"schema": "plan/1", "origin": {"planner": "human"}, "plan_id": "0" * 64}]
)
def test_a_mapping_that_no_json_gives_is_refused_by_code(value: Any, code: str, named: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan(plan(step("a"), inputs={"k": [value]}, **named))
    assert caught.value.code == code


def test_a_mapping_without_bottom_is_refused() -> None:
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(InvalidInput) as caught:
        load_plan(plan(step("a"), inputs={"k": deep}))
    assert caught.value.code == "json.too_deep"


def test_a_mapping_that_doubles_at_each_level_is_refused_soon() -> None:
    doubled: list[Any] = [1]
    for _ in range(60):
        doubled = [doubled, doubled]
    with pytest.raises(InvalidInput) as caught:
        load_plan(plan(step("a"), inputs={"k": doubled}))
    assert caught.value.code == "json.too_large"


def test_a_mapping_as_deep_as_json_may_be_is_a_plan() -> None:
    deep: list[Any] = []
    for _ in range(60):
        deep = [deep]
    assert load_plan(plan(step("a"), inputs={"k": deep})).inputs["k"] == deep


@pytest.mark.parametrize(
    "document",
    [
        plan(step("a", dependencies=[1] * 300_000)),
        plan(step("a", dependencies=[{}] * 100_000)),
        plan(*(step("a", dependencies=[1] * 50) for _ in range(3_000))),
        plan(step("a", **{f"f{n}": 1 for n in range(100_000)})),
        plan(step("a", bind={f"p{n}": {} for n in range(100_000)})),
        {"objective": "x", "subtasks": [1] * 200_000},
    ],
    ids=["numbers", "objects", "many steps", "fields", "binds", "no steps"],
)
def test_a_hundred_thousand_faults_are_told_as_cheaply_as_a_hundred(document: dict[str, Any]) -> None:
    with cheap(seconds=5, megabytes=100):
        found = plan_problems(seal(document))
    assert 0 < len(found) <= MAX_SHAPE_PROBLEMS
    assert {p.code for p in found} == {"plan.shape"}


def test_a_fault_behind_a_long_sound_beginning_is_still_found() -> None:
    listed: list[Any] = [f"d{n}" for n in range(5_000)]
    (pointer,) = places(plan(step("a"), step("b", dependencies=[*listed, 7])))
    assert pointer == "/subtasks/1/dependencies/5000"


def test_faults_in_several_steps_and_around_them_are_told_together() -> None:
    document = plan(step("a", retries=9), step("b"), step("c", approval="maybe"), budget={"usd": -1})
    assert set(places(document)) == {"/subtasks/0/retries", "/subtasks/2/approval", "/budget/usd"}


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"bind": {"a": {"value": 1}}}, "A bind is"),
        ({"agent": "x"}, "Take it out; there are id, objective"),
        ({"output_key": "Bad Key"}, "Ids and keys begin with"),
        ({"retries": "two"}, "docs/reference/plan.md"),
    ],
)
def test_each_kind_of_fault_says_what_to_do_next(fields: Any, hint: str) -> None:
    (problem,) = plan_problems(seal(plan(step("a", **fields))))
    assert hint in problem.hint


def test_pointers_and_messages_are_bounded_and_lead_to_what_is_there() -> None:
    document = plan(step("a", bind={"p" * 100_000: {"x": "y" * 100_000}}), step("b", timeout_s="z" * 100_000))
    found = plan_problems(seal(document))
    assert all(len(p.pointer) <= MAX_POINTER and len(p.message) <= MAX_MESSAGE + 10 for p in found)
    assert {p.pointer for p in found} == {"/subtasks/0/bind", "/subtasks/1/timeout_s"}


def test_of_one_kind_of_problem_a_hundred_are_told() -> None:
    unknown = plan(*(step(f"s{n}", input_keys=[f"z{m}" for m in range(50)]) for n in range(200)))
    found = plan_problems(seal(unknown))
    assert [p.code for p in found] == ["plan.unknown_key"] * MAX_OF_A_KIND


def test_every_problem_of_the_structure_names_a_next_step() -> None:
    document = plan(
        step("a", dependencies=["a", "zz"]),
        step("a", output_key="k_b"),
        step("b", input_keys=["none"], bind={"x": {"key": "other", "pointer": "p"}}),
        step("c", output_key="given", budget={"memory_mb": 1}, on_failure="fallback"),
        step("d", output_schema={"$ref": "#"}),
        inputs={"given": 1},
        result_key="nothing",
    )
    with pytest.raises(InvalidPlan) as caught:
        load_plan(document)
    problems = caught.value.problems
    assert len({p.code for p in problems}) >= 9
    assert [p.code for p in problems if not p.hint] == []
