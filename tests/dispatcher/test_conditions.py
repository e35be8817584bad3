"""`when`: what holds, what is ruled out, and what that leads to."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.jsonvalue import join_pointer
from contracts.plan import When
from contracts.run import RunState
from dispatcher.conditions import holds
from tests.dispatcher.acting import echo

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NUMBERS = st.integers() | st.floats(allow_nan=False)


def when(op: str, value: Any = None, *, pointer: str = "") -> When:
    return When(key="k", pointer=pointer, op=cast("Any", op), value=value)


@pytest.mark.parametrize(
    ("op", "found", "value", "expected"),
    [
        ("exists", 0, None, True),
        ("exists", None, None, False),
        ("empty", [], None, True),
        ("empty", {}, None, True),
        ("empty", "", None, True),
        ("empty", None, None, True),
        ("empty", 0, None, False),
        ("empty", False, None, False),
        ("empty", [None], None, False),
        ("eq", 1, 1.0, True),
        ("eq", 1, True, False),
        ("eq", False, 0, False),
        ("eq", "1", 1, False),
        ("eq", {"a": [1]}, {"a": [1]}, True),
        ("eq", [True], [1], False),
        ("eq", {"a": False}, {"a": 0}, False),
        ("ne", "a", "b", True),
        ("lt", 1, 2, True),
        ("lt", 2, 2, False),
        ("gt", "b", "a", True),
        ("gt", "10", 9, False),
        ("lt", True, 2, False),
        ("gt", [2], [1], False),
        ("lt", None, 1, False),
    ],
)
def test_a_condition_holds_as_it_reads(op: str, found: Any, value: Any, *, expected: bool) -> None:
    assert holds(when(op, value), {"k": found}) is expected


@pytest.mark.parametrize(
    ("op", "expected"),
    [("exists", False), ("empty", True), ("eq", False), ("ne", True), ("lt", False), ("gt", False)],
)
def test_what_is_not_there_is_empty_and_equals_nothing(op: str, *, expected: bool) -> None:
    assert holds(when(op, None), {}) is expected
    assert holds(when(op, None, pointer="/a/b"), {"k": {"a": 1}}) is expected
    assert holds(when(op, None, pointer="/7"), {"k": [1]}) is expected


@given(JSON, JSON)
def test_equal_and_unequal_are_each_others_opposite(found: Any, value: Any) -> None:
    assert holds(when("eq", value), {"k": found}) is not holds(when("ne", value), {"k": found})


@given(JSON)
def test_a_value_equals_itself_and_exists_unless_it_is_null(value: Any) -> None:
    assert holds(when("eq", value), {"k": value})
    assert holds(when("exists"), {"k": value}) is (value is not None)


@given(NUMBERS | st.text(), NUMBERS | st.text())
def test_of_two_numbers_or_two_texts_just_one_order_holds(left: Any, right: Any) -> None:
    found = [holds(when(op, right), {"k": left}) for op in ("lt", "eq", "gt")]
    assert sum(found) == (1 if isinstance(left, str) == isinstance(right, str) else 0)


@given(JSON, JSON)
def test_orders_turn_round_with_their_sides(left: Any, right: Any) -> None:
    assert holds(when("lt", right), {"k": left}) is holds(when("gt", left), {"k": right})


@given(
    JSON,
    st.lists(st.text(max_size=3) | st.integers(0, 3), max_size=3),
    st.sampled_from(["exists", "eq", "lt"]),
)
def test_no_pointer_into_no_value_breaks_a_condition(value: Any, path: list[Any], op: str) -> None:
    assert holds(when(op, value, pointer=join_pointer(*path)), {"k": value}) in {True, False}


async def test_a_subtask_whose_condition_does_not_hold_is_skipped_and_nothing_failed(
    rig: Any, make_step: Any
) -> None:
    a = make_step("a", bind={"n": {"literal": 5}})
    few = make_step("few", "a", when={"key": "k_a", "pointer": "/n", "op": "lt", "value": 5})
    many = make_step("many", "a", when={"key": "k_a", "pointer": "/n", "op": "gt", "value": 4})
    run = await rig.run(a, few, many, make_step("after", "few"))
    assert run.state is RunState.SUCCEEDED
    assert rig.statuses() == {"a": "success", "few": "skipped", "many": "success", "after": "skipped"}
    assert rig.codes() == {"few": "subtask.condition", "after": "subtask.skipped"}


async def test_a_condition_on_what_the_caller_gave_is_looked_at_first(rig: Any, make_step: Any) -> None:
    step = make_step("a", agent="nobody", input_keys=["z"], when={"key": "z", "op": "eq", "value": "go"})
    run = await rig.run(step, inputs={"z": "stop"})
    assert (run.state, rig.codes()) == (RunState.SUCCEEDED, {"a": "subtask.condition"})


async def test_a_skipped_subtask_that_should_fail_its_run_does_not(rig: Any, make_step: Any) -> None:
    step = make_step("a", input_keys=["z"], when={"key": "z", "op": "empty"}, on_failure="fail")
    run = await rig.run(step, make_step("b"), inputs={"z": [1]})
    assert (run.state, rig.statuses()) == (RunState.SUCCEEDED, {"a": "skipped", "b": "success"})


async def test_a_result_that_a_condition_ruled_out_was_not_produced(rig: Any, make_step: Any) -> None:
    step = make_step("a", input_keys=["z"], when={"key": "z", "op": "empty"})
    run = await rig.run(step, inputs={"z": [1]}, result_key="k_a")
    assert (run.state, run.error.code) == (RunState.FAILED, "run.failed")


@pytest.mark.parametrize("takes", [["x"], ["x", "go"], None])
async def test_a_key_that_only_a_condition_reads_goes_to_agents_that_take_it(
    rig: Any, make_step: Any, takes: list[str] | None
) -> None:
    closed = {"type": "object", "properties": dict.fromkeys(takes or (), True), "additionalProperties": False}
    rig.agents.add("taker", echo, takes=closed if takes else {"type": "object"})
    step = make_step(
        "a",
        agent="taker",
        input_keys=["go"],
        bind={"x": {"literal": 1}},
        when={"key": "go", "op": "eq", "value": "yes"},
        output_key="k_a",
    )
    run = await rig.run(step, inputs={"go": "yes"}, result_key="k_a")
    assert run.result == {"x": 1} | ({} if takes == ["x"] else {"go": "yes"})
