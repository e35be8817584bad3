"""Of a plan's shape only that is mended which the rest of the plan already says, and all of it is logged."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.reading.repairs import Repairs
from planner.reading.shape import mend_shape


def step(sid: Any, key: str, *reads: str, waits: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": f"Do {sid}", "required_agent": "wasm:echo", "dependencies": list(waits),
        "input_keys": list(reads), "output_key": key,
    } | more  # fmt: skip


def mended(*steps: dict[str, Any], inputs: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], list[str]]:
    repairs = Repairs()
    found = mend_shape({"subtasks": list(steps)}, inputs, repairs)
    return found["subtasks"], repairs.codes()


def test_a_step_waits_for_the_one_whose_output_it_reads() -> None:
    subtasks, codes = mended(step("a", "x"), step("b", "y", "x"))
    assert subtasks[1]["dependencies"] == ["a"]
    assert codes == ["reply.dependency_added"]


def test_a_step_that_waits_already_through_another_gets_no_edge() -> None:
    _, codes = mended(step("a", "x"), step("b", "y", waits=["a"]), step("c", "z", "x", waits=["b"]))
    assert codes == []


def test_an_edge_that_would_close_a_ring_is_not_added() -> None:
    subtasks, codes = mended(step("a", "x", waits=["b"]), step("b", "y", "x"))
    assert (subtasks[1]["dependencies"], codes) == ([], [])


def test_of_two_steps_that_read_each_other_only_one_edge_is_added() -> None:
    subtasks, _ = mended(step("a", "x", "y"), step("b", "y", "x"))
    assert [s["dependencies"] for s in subtasks] == [["b"], []]


@pytest.mark.parametrize("waits", [["zz"], "a", None, [1]])
def test_where_the_graph_is_broken_nothing_is_added(waits: Any) -> None:
    given = [step("a", "x"), {**step("b", "y", "x"), "dependencies": waits}]
    assert mended(*given) == (given, [])


def test_a_key_of_the_caller_needs_no_producer() -> None:
    _, codes = mended(step("a", "x"), step("b", "y", "x"), inputs=("x",))
    assert codes == []


def test_a_key_that_two_write_says_nothing_about_who_is_meant() -> None:
    _, codes = mended(step("a", "x"), step("b", "x"), step("c", "y", "x"))
    assert codes == []


@pytest.mark.parametrize(
    "more",
    [
        {"bind": {"text": {"key": "x"}}},
        {"foreach": {"key": "x"}},
        {"when": {"key": "x", "op": "exists"}},
    ],
)
def test_what_is_read_is_listed(more: dict[str, Any]) -> None:
    subtasks, codes = mended(step("a", "x"), step("b", "y", waits=["a"], **more))
    assert subtasks[1]["input_keys"] == ["x"]
    assert codes == ["reply.input_key_added"]


def test_what_nothing_writes_is_not_listed() -> None:
    _, codes = mended(step("a", "x", bind={"text": {"key": "nowhere"}}))
    assert codes == []


def test_numbers_that_are_ids_throughout_become_names() -> None:
    subtasks, codes = mended(step(1, "x"), step(2, "y", "x", waits=[1]))
    assert [(s["id"], s["dependencies"]) for s in subtasks] == [("s1", []), ("s2", ["s1"])]
    assert codes == ["reply.ids_named"]


@pytest.mark.parametrize(
    ("ids", "waits"), [((1, "2"), [1]), ((1, 2), ["1"]), ((1, True), [1]), ((-1, 2), [2])]
)
def test_ids_that_are_numbers_only_here_and_there_stay(ids: tuple[Any, Any], waits: list[Any]) -> None:
    given = [step(ids[0], "x"), step(ids[1], "y", waits=waits)]
    assert mended(*given) == (given, [])


def test_a_twin_nobody_waits_for_gets_a_name_of_its_own() -> None:
    subtasks, codes = mended(step("a", "x"), step("a", "y"), step("a_2", "z"))
    assert [s["id"] for s in subtasks] == ["a", "a_3", "a_2"]
    assert codes == ["reply.id_renamed"]


def test_a_twin_somebody_waits_for_stays() -> None:
    _, codes = mended(step("a", "x"), step("a", "y"), step("b", "z", waits=["a"]))
    assert codes == []


def test_null_for_what_may_be_left_out_is_left_out() -> None:
    subtasks, codes = mended(step("a", "x", foreach=None, timeout_s=None, bind={"t": {"literal": None}}))
    assert subtasks == [step("a", "x", bind={"t": {"literal": None}})]
    assert codes == ["reply.null_dropped"]


def test_null_for_what_must_be_there_stays_for_the_checks() -> None:
    given = {**step("a", "x"), "required_agent": None}
    assert mended(given) == ([given], [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["a", "b", "x", "y", "1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "literal", "t"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
STEP = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "dependencies", "input_keys", "output_key", "bind", "foreach", "when", "required_agent"), JSON
    ),
)


@given(steps=st.lists(STEP | JSON, max_size=5), inputs=st.sets(st.sampled_from(["x", "y"])))
def test_any_shape_is_mended_or_left_and_never_changed_in_place(steps: list[Any], inputs: set[str]) -> None:
    before = copy.deepcopy(steps)
    repairs = Repairs()
    once = mend_shape({"subtasks": steps}, inputs, repairs)
    assert steps == before
    assert mend_shape(once, inputs, again := Repairs()) == once
    assert again.codes() == []


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ({"key": "x", "pointer": None, "literal": None}, {"key": "x"}),
        ({"key": None, "pointer": None, "literal": "a"}, {"literal": "a"}),
        ({"key": None, "literal": None}, {"key": None, "literal": None}),
        ({"literal": None}, {"literal": None}),
        ({"key": "x", "literal": 1}, {"key": "x", "literal": 1}),
        ("x", "x"),
    ],
)
def test_of_a_bind_with_every_field_filled_the_nulls_are_left_out(source: Any, left: Any) -> None:
    before = step("b", "y", "x", waits=["a"], bind={"p": source})
    given_plan = copy.deepcopy(before)
    subtasks, codes = mended(step("a", "x"), before)
    assert subtasks[1]["bind"] == {"p": left}
    assert codes == ([] if source == left else ["reply.null_dropped"])
    assert before == given_plan


def test_nulls_of_a_list_that_is_run_over_are_left_out() -> None:
    over = {"key": "x", "pointer": None, "max_items": None}
    subtasks, _ = mended(step("a", "x"), step("b", "y", "x", waits=["a"], foreach=over))
    assert subtasks[1]["foreach"] == {"key": "x"}
