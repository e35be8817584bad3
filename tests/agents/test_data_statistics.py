"""Statistics of rows against the standard library's, and what they say of nothing, of nulls and of the wrong kind."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import key_of
from contracts.errors import InvalidInput

ALL = ["count", "sum", "mean", "median", "min", "max"]
NUMBERS = st.none() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_nan=False)
ROWS = st.lists(
    st.fixed_dictionaries({"k": st.sampled_from([None, "a", "b", 1, 1.0, True]), "n": NUMBERS}), max_size=15
)


def run(rows: list[Any], *steps: dict[str, Any], **tables: Any) -> list[Any]:
    inputs = read_inputs({"tables": {"t": rows, **tables}, "steps": [{"op": "from", "table": "t"}, *steps]})
    return run_steps(inputs.steps, inputs.tables, Budget())


def refusal(rows: list[Any], *steps: dict[str, Any], **tables: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        run(rows, *steps, **tables)
    return caught.value


def all_of(column: str) -> dict[str, Any]:
    return {fn: {"fn": fn, "column": column} for fn in ALL}


@settings(max_examples=60)
@given(st.lists(NUMBERS, max_size=12))
def test_each_statistic_is_the_standard_librarys_of_the_known_values(values: list[Any]) -> None:
    (found,) = run([{"n": v} for v in values], {"op": "aggregate", "aggregates": all_of("n")})
    known = [v for v in values if v is not None]
    assert found["count"] == len(known)
    if not known:
        assert [found[fn] for fn in ALL[1:]] == [None] * 5
        return
    assert (found["min"], found["max"]) == (min(known), max(known))
    assert found["sum"] == pytest.approx(math.fsum(known), abs=1e-6)
    assert found["mean"] == pytest.approx(statistics.fmean(known), rel=1e-12, abs=1e-6)
    assert found["median"] == pytest.approx(statistics.median(known), rel=1e-12, abs=1e-6)


@settings(max_examples=60)
@given(ROWS)
def test_groups_are_as_many_as_there_are_different_keys_in_order_of_appearance(rows: list[Any]) -> None:
    found = run(rows, {"op": "group", "by": ["k"], "aggregates": {"n": {"fn": "count"}}})
    expected: dict[Any, int] = {}
    for row in rows:
        expected[key_of(row["k"])] = expected.get(key_of(row["k"]), 0) + 1
    assert [(key_of(g["k"]), g["n"]) for g in found] == list(expected.items())


@settings(max_examples=60)
@given(ROWS)
def test_sums_of_groups_add_up_to_the_sum_of_all(rows: list[Any]) -> None:
    whole = [row for row in rows if isinstance(row["n"], int)]
    total = {"s": {"fn": "sum", "column": "n"}}
    groups = run(whole, {"op": "group", "by": ["k"], "aggregates": total})
    (everything,) = run(whole, {"op": "aggregate", "aggregates": total})
    assert sum(g["s"] for g in groups) == (everything["s"] or 0)


@settings(max_examples=60)
@given(ROWS)
def test_telling_each_row_its_groups_statistic_loses_and_changes_no_row(rows: list[Any]) -> None:
    found = run(rows, {"op": "group_stat", "by": ["k"], "fn": "max", "column": "n", "into": "top"})
    assert [{"k": r["k"], "n": r["n"]} for r in found] == rows
    assert all(r["n"] is None or r["top"] >= r["n"] for r in found)


@settings(max_examples=60)
@given(ROWS)
def test_one_row_of_each_kind_is_what_grouping_by_it_names(rows: list[Any]) -> None:
    distinct = run(rows, {"op": "distinct", "by": ["k"]})
    groups = run(rows, {"op": "group", "by": ["k"], "aggregates": {"c": {"fn": "count"}}})
    assert [r["k"] for r in distinct] == [g["k"] for g in groups]


@pytest.mark.parametrize(
    ("values", "mean", "median"),
    [
        ([1, 2], 1.5, 1.5),
        ([1, 3], 2, 2),
        ([10**20, 10**20 + 2], 10**20 + 1, 10**20 + 1),
        ([0.1, 0.2, 0.3], 0.2, 0.2),
        ([-5], -5, -5),
        ([1, 2, 4, 8], 3.75, 3),
    ],
)
def test_a_mean_of_whole_numbers_is_whole_where_it_is(values: list[Any], mean: Any, median: Any) -> None:
    (found,) = run(values, {"op": "aggregate", "aggregates": all_of("value")})
    assert (found["mean"], found["median"]) == (pytest.approx(mean, rel=1e-15), median)
    assert isinstance(found["mean"], type(mean))


@pytest.mark.parametrize("fn", ["min", "max"])
def test_the_least_and_the_most_are_of_words_and_truths_too(fn: str) -> None:
    step = {"op": "aggregate", "aggregates": {"x": {"fn": fn, "column": "value"}}}
    assert run(["b", "a", "c"], step) == [{"x": "a" if fn == "min" else "c"}]
    assert run([True, False], step) == [{"x": fn == "max"}]


@pytest.mark.parametrize("fn", ["sum", "mean", "median"])
@pytest.mark.parametrize("value", ["1", True, [1], {"a": 1}])
def test_a_statistic_of_numbers_names_the_first_cell_that_is_none(fn: str, value: Any) -> None:
    step = {"op": "aggregate", "aggregates": {"x": {"fn": fn, "column": "n"}}}
    error = refusal([{"n": 1}, {}, {"n": value}, {"n": "later"}], step)
    assert (error.code, error.data) == ("data.type", {"step": 1, "row": 2, "column": "n"})


@pytest.mark.parametrize("fn", ["min", "max"])
def test_kinds_that_mix_have_no_least_and_no_most(fn: str) -> None:
    step = {"op": "aggregate", "aggregates": {"x": {"fn": fn, "column": "n"}}}
    error = refusal([{"n": 1}, {"n": "x"}], step)
    assert error.message == "row 1, column 'n': 'x' is a string among values of kind number"


def test_a_row_at_fault_in_a_group_keeps_its_number_in_the_table() -> None:
    step = {"op": "group", "by": ["k"], "aggregates": {"x": {"fn": "sum", "column": "n"}}}
    rows = [{"k": "a", "n": 1}, {"k": "b", "n": 1}, {"k": "a", "n": 2}, {"k": "b", "n": "x"}]
    assert refusal(rows, step).data == {"step": 1, "row": 3, "column": "n"}


@pytest.mark.parametrize("values", [[1e308, 1e308], [10**399, 0.5], [10**309] * 20])
@pytest.mark.parametrize("fn", ["sum", "mean"])
def test_a_statistic_beyond_all_numbers_is_refused_and_never_infinite(fn: str, values: list[Any]) -> None:
    step = {"op": "aggregate", "aggregates": {"x": {"fn": fn, "column": "value"}}}
    assert refusal(values, step).message.endswith("the statistic is out of range")


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"op": "aggregate", "aggregates": {}}, "at least 1"),
        ({"op": "aggregate", "aggregates": {"x": {"fn": "sum"}}}, "sum needs a column"),
        ({"op": "aggregate", "aggregates": {"x": {"fn": "mode", "column": "n"}}}, "Input should be"),
        ({"op": "aggregate", "aggregates": {"/x": {"fn": "count"}}}, "match pattern"),
        ({"op": "group", "by": [], "aggregates": {"x": {"fn": "count"}}}, "at least 1"),
        ({"op": "group", "by": ["n"] * 21, "aggregates": {"x": {"fn": "count"}}}, "at most 20"),
        ({"op": "group_stat", "by": ["n"], "fn": "max", "into": "x"}, "max needs a column"),
        ({"op": "group_stat", "by": ["n"], "fn": "count", "into": "/x"}, "match pattern"),
        (
            {"op": "group", "by": ["n"], "aggregates": {f"x{i}": {"fn": "count"} for i in range(51)}},
            "at most 50",
        ),
    ],
)
def test_a_statistic_that_was_not_said_whole_is_bad_input(step: Any, says: str) -> None:
    error = refusal([{"n": 1}], step)
    assert error.code == "data.bad_input"
    assert says in error.message


@pytest.mark.parametrize(
    "step",
    [
        {"op": "group", "by": ["n"], "aggregates": {"n": {"fn": "count"}}},
        {"op": "group", "by": ["/a/n", "/b/n"], "aggregates": {"c": {"fn": "count"}}},
        {"op": "group", "by": ["n", "n"], "aggregates": {"c": {"fn": "count"}}},
    ],
)
def test_two_columns_of_a_result_never_share_a_name(step: Any) -> None:
    error = refusal([{"n": 1}], step)
    assert (error.code, error.where) == ("data.bad_input", "/steps/1")


LEFT = [{"id": 1, "k": "a"}, {"id": 2, "k": None}, {"id": 3, "k": "b"}, {"id": 4}]
RIGHT = [{"k": "a", "x": 1}, {"k": "a", "x": 2}, {"k": None, "x": 3}, {"x": 4}]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", [(1, 1), (1, 2)]),
        ("left", [(1, 1), (1, 2), (2, None), (3, None), (4, None)]),
    ],
)
def test_a_join_matches_known_values_only_and_keeps_the_order(how: str, expected: Any) -> None:
    step = {"op": "join", "table": "u", "on": [{"left": "k", "right": "k"}], "how": how, "as": "r"}
    found = run(LEFT, step, u=RIGHT)
    assert [(row["id"], row["r"] and row["r"]["x"]) for row in found] == expected


def test_a_join_on_two_columns_needs_both_to_match() -> None:
    on = [{"left": "a", "right": "/k/a"}, {"left": "b", "right": "/k/b"}]
    rows = [{"a": 1, "b": "x"}, {"a": 1.0, "b": "y"}, {"a": 1, "b": None}]
    found = run(rows, {"op": "join", "table": "u", "on": on, "as": "r"}, u=[{"k": {"a": 1, "b": "y"}}])
    assert [row["b"] for row in found] == ["y"]


def test_a_join_of_one_with_true_is_refused_for_they_are_not_equal() -> None:
    step = {"op": "join", "table": "u", "on": [{"left": "k", "right": "k"}], "as": "r"}
    assert refusal([{"k": 1}], step, u=[{"k": True}]).code == "data.type"


ORDERED = [{"a": 2, "b": "x"}, {"a": 1, "b": "y"}, {"a": None, "b": "x"}, {"a": 2.0, "b": "w"}, {"b": "z"}]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ([{"column": "a"}], ["y", "x", "w", "x", "z"]),
        ([{"column": "a", "descending": True}], ["x", "w", "y", "x", "z"]),
        ([{"column": "a", "descending": True}, {"column": "b"}], ["w", "x", "y", "x", "z"]),
        ([{"column": "b"}, {"column": "a", "descending": True}], ["w", "x", "x", "y", "z"]),
        ([{"column": "gone"}], ["x", "y", "x", "w", "z"]),
    ],
)
def test_rows_are_ordered_by_the_first_key_and_then_the_next(by: Any, expected: list[str]) -> None:
    assert [row["b"] for row in run(ORDERED, {"op": "sort", "by": by})] == expected


def test_taking_the_first_rows_never_reaches_past_the_last() -> None:
    for count in (0, 1, 5, 10**12):
        assert run(ORDERED, {"op": "limit", "count": count}) == ORDERED[:count]
