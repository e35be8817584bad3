"""Laws that hold for any rows."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import Row, key_of
from contracts.errors import InvalidInput

NUMBERS = st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)
ROWS = st.lists(
    st.fixed_dictionaries({"k": st.none() | st.sampled_from(["a", "b", "c"]), "n": NUMBERS}), max_size=25
).map(lambda rows: [{**row, "id": i} for i, row in enumerate(rows)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def run(rows: list[dict[str, Any]], *steps: dict[str, Any], **tables: Any) -> list[Row]:
    inputs = read_inputs({"tables": {"t": rows, **tables}, "steps": [{"op": "from", "table": "t"}, *steps]})
    return run_steps(inputs.steps, inputs.tables, Budget())


def ids(rows: list[Row]) -> list[Any]:
    return [row["id"] for row in rows]


@given(ROWS, st.booleans())
def test_sort_is_a_stable_and_total_order(rows: list[dict[str, Any]], descending: bool) -> None:  # noqa: FBT001  # drawn
    found = run(rows, {"op": "sort", "by": [{"column": "n", "descending": descending}]})

    assert Counter(ids(found)) == Counter(row["id"] for row in rows)
    known: list[Any] = [(row["n"], row["id"]) for row in found if row["n"] is not None]
    assert [row["n"] for row in found[len(known) :]] == [None] * (len(found) - len(known))
    for (n, i), (m, j) in pairwise(known):
        assert i < j if n == m else (n > m) is descending


@given(ROWS)
def test_groups_partition_the_rows(rows: list[dict[str, Any]]) -> None:
    aggregates = {"count": {"fn": "count"}, "first": {"fn": "min", "column": "id"}}

    found = run(rows, {"op": "group", "by": ["k"], "aggregates": aggregates})

    assert {row["k"]: row["count"] for row in found} == Counter(row["k"] for row in rows)
    firsts: list[Any] = [row["first"] for row in found]
    assert firsts == sorted(firsts)


@given(ROWS)
def test_distinct_twice_is_distinct_once(rows: list[dict[str, Any]]) -> None:
    step = {"op": "distinct", "by": ["k", "n"]}

    once = run(rows, step)

    assert run(rows, step, step) == once
    assert len(once) == len({key_of([row["k"], row["n"]]) for row in rows})


@given(ROWS, ROWS)
def test_an_inner_join_lies_within_the_left_join(
    left: list[dict[str, Any]], right: list[dict[str, Any]]
) -> None:
    def joined(how: str) -> list[Row]:
        step = {"op": "join", "table": "u", "on": [{"left": "k", "right": "k"}], "how": how, "as": "other"}
        return run(left, step, u=right)

    inner, outer = joined("inner"), joined("left")

    assert inner == [row for row in outer if row["other"] is not None]
    assert {row["id"] for row in outer} == {row["id"] for row in left}
    assert len(inner) == sum(a["k"] == b["k"] for a in left for b in right if a["k"] is not None)


@given(ROWS, st.integers(-100, 100))
def test_a_filter_and_its_opposite_share_the_rows(rows: list[dict[str, Any]], bound: int) -> None:
    condition = {"column": "n", "test": "lt", "value": bound}

    kept = run(rows, {"op": "filter", "where": condition})
    left = run(rows, {"op": "filter", "where": {"not": condition}})

    assert sorted([*ids(kept), *ids(left)]) == [row["id"] for row in rows]
    assert all(row["n"] is not None and row["n"] < bound for row in kept)  # type: ignore[operator]  # numbers here


@given(ROWS)
def test_a_group_statistic_equals_the_groups_own(rows: list[dict[str, Any]]) -> None:
    statistic = {"fn": "median", "column": "n"}
    groups = {
        row["k"]: row["m"] for row in run(rows, {"op": "group", "by": ["k"], "aggregates": {"m": statistic}})
    }

    found = run(rows, {"op": "group_stat", "by": ["k"], **statistic, "into": "m"})

    assert [row["m"] for row in found] == [groups[row["k"]] for row in rows]


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=20), st.randoms())
def test_a_sum_is_the_same_in_any_order(numbers: list[float], random: Any) -> None:
    shuffled = random.sample(numbers, len(numbers))
    step = {"op": "aggregate", "aggregates": {fn: {"fn": fn, "column": "value"} for fn in ("sum", "median")}}

    assert run([*numbers], step) == run(shuffled, step)  # type: ignore[list-item]  # plain values are rows too


@given(JSON)
def test_any_spec_is_refused_with_a_code_or_runs(spec: Any) -> None:
    with suppress(InvalidInput):
        inputs = read_inputs({"tables": {"t": [{"a": 1}]}, "steps": spec})
        run_steps(inputs.steps, inputs.tables, Budget())


@given(st.lists(JSON, max_size=6), st.sampled_from(["sort", "distinct", "flatten", "group", "mean"]))
def test_any_table_is_refused_with_a_code_or_worked_on(table: list[Any], op: str) -> None:
    steps: dict[str, dict[str, Any]] = {
        "sort": {"op": "sort", "by": [{"column": "value"}]},
        "distinct": {"op": "distinct"},
        "flatten": {"op": "flatten", "column": "value"},
        "group": {"op": "group", "by": ["value"], "aggregates": {"n": {"fn": "count"}}},
        "mean": {"op": "aggregate", "aggregates": {"m": {"fn": "mean", "column": "value"}}},
    }
    with suppress(InvalidInput):
        run(table, steps[op])
