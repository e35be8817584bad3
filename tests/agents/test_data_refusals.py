"""What the data agent refuses, and with which code."""

from __future__ import annotations

from typing import Any

import pytest

from agents.data.bounds import MAX_OUTPUT_CHARS, MAX_ROWS, Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import Row
from contracts.errors import AttemptFailed, InvalidInput

FROM = {"op": "from", "table": "t"}


def run(*steps: Any, **tables: Any) -> list[Row]:
    inputs = read_inputs({"tables": tables, "steps": list(steps)})
    return run_steps(inputs.steps, inputs.tables, Budget())


def refusal(*steps: Any, **tables: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        run(*steps, **tables)
    return caught.value


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"column": "a", "test": "exists"}
    for _ in range(depth):
        condition = {"not": condition}
    return condition


BAD_SPECS: list[list[Any]] = [
    [],
    ["from"],
    [{"op": "eval", "code": "1"}],
    [{"op": "summarise"}],
    [{}],
    [{"op": "limit", "count": 1}],
    [FROM, FROM],
    [{**FROM, "extra": 1}],
    [{"op": "from"}],
    [{"op": "from", "table": 3}],
    [{**FROM, "pointer": "rows"}],
    [{"op": "concat", "tables": []}],
    [{"op": "zip", "tables": {"/x": "t"}}],
    [FROM, {"op": "limit", "count": -1}],
    [FROM, {"op": "limit", "count": "2"}],
    [FROM, {"op": "limit", "count": True}],
    [FROM, {"op": "sort", "by": []}],
    [FROM, {"op": "sort", "by": [{"column": ""}]}],
    [FROM, {"op": "select", "columns": {"/a": "b"}}],
    [FROM, {"op": "group", "by": [], "aggregates": {"n": {"fn": "count"}}}],
    [FROM, {"op": "group", "by": ["a"], "aggregates": {"n": {"fn": "mean"}}}],
    [FROM, {"op": "group_stat", "by": ["a"], "fn": "sum", "into": "x"}],
    [FROM, {"op": "aggregate", "aggregates": {"n": {"fn": "stddev", "column": "a"}}}],
    [FROM, {"op": "filter", "where": {"column": "a", "test": "matches", "value": "(a+)+"}}],
    [FROM, {"op": "filter", "where": {"column": "a", "test": "eq"}}],
    [FROM, {"op": "filter", "where": {"column": "a", "test": "eq", "value": 1, "other": "b"}}],
    [FROM, {"op": "filter", "where": {"column": "a", "test": "exists", "value": 1}}],
    [FROM, {"op": "filter", "where": {"column": "a", "test": "in", "value": "abc"}}],
    [FROM, {"op": "filter", "where": {"all": {}}}],
    [FROM, {"op": "filter", "where": None}],
    [FROM, {"op": "derive", "column": "x", "value": {"pow": [{"literal": 9}, {"literal": 9}]}}],
    [FROM, {"op": "derive", "column": "x", "value": {"sub": [{"literal": 9}]}}],
    [FROM, {"op": "derive", "column": "x", "value": {"add": [1, 2]}}],
    [FROM, {"op": "derive", "column": "x", "value": "a + b"}],
    [FROM, {"op": "join", "table": "t", "on": [], "as": "x"}],
    [FROM, {"op": "join", "table": "t", "on": [{"left": "a", "right": "a"}], "how": "cross", "as": "x"}],
    [FROM, *([{"op": "limit", "count": 1}] * 50)],
]


@pytest.mark.parametrize("steps", BAD_SPECS, ids=str)
def test_a_spec_outside_the_list_is_bad_input(steps: list[Any]) -> None:
    assert refusal(*steps, t=[{"a": 1}]).code == "data.bad_input"


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"steps": [FROM]},
        {"tables": [], "steps": [FROM]},
        {"tables": {}, "steps": None},
        {"tables": {}, "steps": [FROM], "rows": []},
        {"tables": {"t": []}, "steps": {"op": "from", "table": "t"}},
    ],
)
def test_inputs_of_another_shape_are_bad_input(inputs: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_inputs(inputs)

    assert caught.value.code == "data.bad_input"


def test_bad_input_names_the_field() -> None:
    error = refusal(FROM, {"op": "limit", "count": -1}, t=[])

    assert error.where == "/steps/1/limit/count"
    assert "greater than or equal to 0" in error.message


@pytest.mark.parametrize(
    "step", [FROM, {"op": "concat", "tables": ["t"]}, {"op": "zip", "tables": {"x": "t"}}], ids=str
)
def test_an_unknown_table_is_named_with_the_known_ones(step: dict[str, Any]) -> None:
    error = refusal(step, lots=[])

    assert (error.code, error.where) == ("data.unknown_table", "/steps/0")
    assert "'lots'" in error.hint


def test_a_join_with_an_unknown_table_is_refused() -> None:
    step = {"op": "join", "table": "gone", "on": [{"left": "a", "right": "a"}], "as": "x"}

    assert refusal(FROM, step, t=[{"a": 1}]).code == "data.unknown_table"


def test_an_unknown_column_is_null_and_no_error() -> None:
    assert run(FROM, {"op": "sort", "by": [{"column": "gone"}]}, t=[{"a": 1}]) == [{"a": 1}]


MIXED = [{"a": 1, "s": "x"}, {"a": "2", "s": "x"}]


@pytest.mark.parametrize(
    ("step", "row"),
    [
        ({"op": "filter", "where": {"column": "a", "test": "lt", "value": 3}}, 1),
        ({"op": "filter", "where": {"column": "a", "test": "eq", "value": 3}}, 1),
        ({"op": "filter", "where": {"column": "a", "test": "eq", "value": "2"}}, 0),
        ({"op": "filter", "where": {"column": "a", "test": "in", "value": [3]}}, 1),
        ({"op": "filter", "where": {"column": "a", "test": "gt", "other": "s"}}, 0),
        ({"op": "filter", "where": {"column": "a", "test": "contains", "value": "1"}}, 0),
        ({"op": "derive", "column": "x", "value": {"mul": [{"column": "a"}, {"literal": 2}]}}, 1),
        ({"op": "sort", "by": [{"column": "a"}]}, 1),
        ({"op": "aggregate", "aggregates": {"x": {"fn": "sum", "column": "a"}}}, 1),
        ({"op": "aggregate", "aggregates": {"x": {"fn": "min", "column": "a"}}}, 1),
        ({"op": "group", "by": ["s"], "aggregates": {"x": {"fn": "median", "column": "a"}}}, 1),
        ({"op": "group_stat", "by": ["s"], "column": "a", "fn": "mean", "into": "x"}, 1),
    ],
    ids=str,
)
def test_mixing_numbers_and_text_names_row_column_and_step(step: dict[str, Any], row: int) -> None:
    error = refusal(FROM, step, t=MIXED)

    assert error.code == "data.type"
    assert error.data == {"step": 1, "row": row, "column": "a"}
    assert error.where == "/steps/1"


def test_a_join_of_numbers_with_text_is_refused() -> None:
    step = {"op": "join", "table": "u", "on": [{"left": "a", "right": "b"}], "as": "x"}

    assert refusal(FROM, step, t=[{"a": 1}], u=[{"b": "1"}]).code == "data.type"


@pytest.mark.parametrize("value", [True, [1], {"b": 1}, float("nan"), float("inf"), {1, 2}])
def test_what_is_no_number_is_not_reckoned_with(value: Any) -> None:
    step = {"op": "derive", "column": "x", "value": {"add": [{"column": "a"}, {"literal": 1}]}}

    assert refusal(FROM, step, t=[{"a": value}]).code == "data.type"


def test_lists_have_no_order() -> None:
    assert (
        refusal(FROM, {"op": "sort", "by": [{"column": "a"}]}, t=[{"a": [1]}, {"a": [2]}]).code == "data.type"
    )


def test_a_number_that_grows_without_end_is_stopped() -> None:
    square = {"op": "derive", "column": "a", "value": {"mul": [{"column": "a"}, {"column": "a"}]}}

    assert refusal(FROM, *([square] * 20), t=[{"a": 10**9}]).code == "data.type"
    assert refusal(FROM, *([square] * 20), t=[{"a": 1e200}]).code == "data.type"


def test_a_sum_beyond_all_numbers_is_refused() -> None:
    step = {"op": "aggregate", "aggregates": {"x": {"fn": "sum", "column": "value"}}}

    assert refusal(FROM, step, t=[1e308, 1e308]).code == "data.type"


@pytest.mark.parametrize("depth", [30, 5_000])
def test_a_deep_condition_is_too_large(depth: int) -> None:
    assert refusal(FROM, {"op": "filter", "where": nested(depth)}, t=[]).code == "data.too_large"


def test_a_condition_of_usual_depth_is_taken() -> None:
    assert run(FROM, {"op": "filter", "where": nested(12)}, t=[{"a": 1}]) == [{"a": 1}]


def test_a_spec_with_too_many_values_is_too_large() -> None:
    condition = {"column": "a", "test": "in", "value": list(range(10_000))}

    assert refusal(FROM, {"op": "filter", "where": condition}, t=[]).code == "data.too_large"


def test_too_many_rows_are_refused() -> None:
    assert refusal(FROM, t=[None] * (MAX_ROWS + 1)).code == "data.too_large"
    assert (
        refusal({"op": "concat", "tables": ["t", "t"]}, t=[1] * (MAX_ROWS // 2 + 1)).code == "data.too_large"
    )


def test_a_join_does_not_blow_up() -> None:
    step = {"op": "join", "table": "t", "on": [{"left": "a", "right": "a"}], "as": "x"}

    error = refusal(FROM, step, t=[{"a": 1, "n": n} for n in range(1_000)])

    assert (error.code, error.where) == ("data.too_large", "/steps/1")


def test_flattening_does_not_blow_up() -> None:
    wide = [0] * 2_000

    assert refusal(FROM, {"op": "flatten", "column": "l"}, t=[{"l": wide}] * 100).code == "data.too_large"


def test_rows_that_share_a_large_value_do_not_fill_the_answer() -> None:
    columns = {f"c{i}": "a" for i in range(200)}

    error = refusal(FROM, {"op": "select", "columns": columns}, t=[{"a": "x" * (MAX_OUTPUT_CHARS // 100)}])

    assert error.code == "data.too_large"


def test_work_is_bounded_over_all_steps() -> None:
    step = {"op": "filter", "where": {"any": [{"column": "gone", "test": "exists"}] * 200}}
    keep = {"op": "filter", "where": {"not": step["where"]}}

    assert refusal(FROM, keep, t=[1] * 50_000).code == "data.too_large"


def test_columns_that_would_share_a_name_are_refused() -> None:
    by = {"op": "group", "by": ["/a/x", "/b/x"], "aggregates": {"n": {"fn": "count"}}}
    joined = {"op": "join", "table": "t", "on": [{"left": "a", "right": "a"}], "as": "a"}

    assert refusal(FROM, by, t=[{"a": 1}]).code == "data.bad_input"
    assert refusal(FROM, joined, t=[{"a": 1}]).code == "data.bad_input"


def test_steps_stop_when_nobody_waits() -> None:
    inputs = read_inputs({"tables": {"t": [1]}, "steps": [FROM]})
    budget = Budget()
    budget.stop.set()

    with pytest.raises(AttemptFailed) as caught:
        run_steps(inputs.steps, inputs.tables, budget)

    assert caught.value.code == "data.stopped"
