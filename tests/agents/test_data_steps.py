"""What each step makes of rows."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import Row

LOTS: list[dict[str, Any]] = [
    {"id": 1, "title": "Ford F-150", "price": 8500, "seller": "ann", "facts": {"Year": "2014"}},
    {"id": 2, "title": "Ram 1500", "price": 12000, "seller": "bob", "facts": {"Year": "2019"}},
    {"id": 3, "title": "Ford Ranger", "price": None, "seller": "ann"},
    {"id": 4, "title": "Citroën camión", "price": 4000.5, "seller": "bob", "facts": {"Year": "1999"}},
]


def rows_of(*steps: dict[str, Any], **tables: Any) -> list[Row]:
    tables.setdefault("lots", LOTS)
    inputs = read_inputs({"tables": tables, "steps": list(steps)})
    return run_steps(inputs.steps, inputs.tables, Budget())


def after(*steps: dict[str, Any]) -> list[Row]:
    return rows_of({"op": "from", "table": "lots"}, *steps)


def ids(*steps: dict[str, Any]) -> list[Any]:
    return [row["id"] for row in after(*steps)]


def where(**condition: Any) -> list[Any]:
    return ids({"op": "filter", "where": condition})


def value_of(expression: dict[str, Any], **row: Any) -> Any:
    step = {"op": "derive", "column": "out", "value": expression}
    return rows_of({"op": "from", "table": "t"}, step, t=[row])[0]["out"]


def test_from_reads_objects_scalars_and_a_pointer() -> None:
    assert rows_of({"op": "from", "table": "t"}, t=[3, "x", None]) == [{"value": 3}, {"value": "x"}]
    assert rows_of({"op": "from", "table": "t"}, t={"a": 1}) == [{"a": 1}]
    assert rows_of({"op": "from", "table": "t"}, t=None) == []
    assert rows_of({"op": "from", "table": "t", "pointer": "/rows"}, t={"rows": [{"a": 1}]}) == [{"a": 1}]
    assert rows_of({"op": "from", "table": "t", "pointer": "/gone"}, t={"rows": [{"a": 1}]}) == []


def test_concat_puts_tables_one_after_another() -> None:
    steps = {"op": "concat", "tables": ["site", "more"]}

    assert rows_of(steps, site={"n": 1}, more=[{"n": 2}, None, {"n": 3}]) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_zip_fills_short_and_missing_places_with_null() -> None:
    steps = {"op": "zip", "tables": {"lot": "a", "time": "b", "photo": "c"}}

    assert rows_of(steps, a=[{"n": 1}, {"n": 2}], b=[None, 5, 6], c=None) == snapshot(
        [
            {"lot": {"n": 1}, "time": None, "photo": None},
            {"lot": {"n": 2}, "time": 5, "photo": None},
            {"lot": None, "time": 6, "photo": None},
        ]
    )


def test_flatten_gives_one_row_per_element() -> None:
    pages = [
        {"listings": [{"url": "a"}, {"url": "b"}]},
        {"listings": []},
        {"other": 1},
        {"listings": ["c", None]},
    ]
    steps = ({"op": "from", "table": "t"}, {"op": "flatten", "column": "listings"})

    assert rows_of(*steps, t=pages) == [{"url": "a"}, {"url": "b"}, {"value": "c"}]


def test_select_names_columns_and_leaves_null_where_there_is_none() -> None:
    chosen = {"op": "select", "columns": {"name": "title", "year": "/facts/Year", "none": "/facts/x/0/y"}}

    assert after(chosen, {"op": "limit", "count": 3})[1:] == snapshot(
        [
            {"name": "Ram 1500", "year": "2019", "none": None},
            {"name": "Ford Ranger", "year": None, "none": None},
        ]
    )


def test_a_pointer_reaches_into_lists_and_escaped_names() -> None:
    select = {"op": "select", "columns": {"a": "/l/1", "b": "/x~1y/~0z", "c": "/l/9", "d": "/l/-1"}}

    found = rows_of({"op": "from", "table": "t"}, select, t=[{"l": [1, 2], "x/y": {"~z": 3}}])

    assert found == [{"a": 2, "b": 3, "c": None, "d": None}]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"column": "price", "test": "eq", "value": 8500.0}, [1]),
        ({"column": "price", "test": "ne", "value": 8500}, [2, 4]),
        ({"column": "price", "test": "lt", "value": 8500}, [4]),
        ({"column": "price", "test": "le", "value": 8500}, [1, 4]),
        ({"column": "price", "test": "gt", "value": 8500}, [2]),
        ({"column": "price", "test": "ge", "value": 8500}, [1, 2]),
        ({"column": "title", "test": "contains", "value": "FORD"}, [1, 3]),
        ({"column": "title", "test": "contains", "value": "citroen"}, [4]),
        ({"column": "id", "test": "in", "value": [1, 4, 9]}, [1, 4]),
        ({"column": "facts", "test": "exists"}, [1, 2, 4]),
        ({"column": "price", "test": "empty"}, [3]),
        ({"column": "/facts/Year", "test": "gt", "value": "2000"}, [1, 2]),
        ({"column": "price", "test": "gt", "other": "id"}, [1, 2, 4]),
        ({"column": "price", "test": "lt", "value": None}, []),
        ({"not": {"column": "price", "test": "lt", "value": 9000}}, [2, 3]),
        ({"all": [{"column": "seller", "test": "eq", "value": "ann"}, {"column": "price", "test": "exists"}]}, [1]),
        ({"any": [{"column": "id", "test": "eq", "value": 3}, {"column": "id", "test": "eq", "value": 4}]}, [3, 4]),
        ({"all": []}, [1, 2, 3, 4]),
        ({"any": []}, []),
    ],
)  # fmt: skip
def test_filter_keeps_the_rows_a_condition_holds_for(condition: dict[str, Any], expected: list[int]) -> None:
    assert where(**condition) == expected


def test_truth_tests_take_booleans_alone() -> None:
    rows = [{"b": True}, {"b": False}, {"b": None}, {"b": 1}, {}]

    def kept(test: str) -> list[Row]:
        step = {"op": "filter", "where": {"column": "b", "test": test}}
        return rows_of({"op": "from", "table": "t"}, step, t=rows)

    assert kept("is_true") == [{"b": True}]
    assert kept("is_false") == [{"b": False}]


def test_contains_finds_an_element_of_a_list() -> None:
    step = {"op": "filter", "where": {"column": "tags", "test": "contains", "value": 1}}

    assert rows_of({"op": "from", "table": "t"}, step, t=[{"tags": [1, 2]}, {"tags": [True]}]) == [
        {"tags": [1, 2]}
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"literal": "x"}, "x"),
        ({"column": "a"}, 7),
        ({"add": [{"column": "a"}, {"literal": 3}]}, 10),
        ({"add": [{"literal": 0.1}] * 10}, 1.0),
        ({"sub": [{"column": "a"}, {"literal": 9}]}, -2),
        ({"mul": [{"literal": 0.8}, {"column": "a"}]}, 5.6000000000000005),
        ({"div": [{"literal": 14}, {"column": "a"}]}, 2),
        ({"div": [{"column": "a"}, {"literal": 2}]}, 3.5),
        ({"div": [{"column": "a"}, {"literal": 0}]}, None),
        ({"add": [{"column": "a"}, {"column": "gone"}]}, None),
        ({"round": [{"div": [{"column": "a"}, {"literal": 3}]}, {"literal": 2}]}, 2.33),
        ({"round": [{"literal": 2.5}]}, 2),
        ({"when": {"column": "a", "test": "gt", "value": 5}}, True),
        ({"when": {"column": "gone", "test": "gt", "value": 5}}, False),
    ],
)
def test_derive_reckons_with_numbers(expression: dict[str, Any], expected: Any) -> None:
    found = value_of(expression, a=7)

    assert found == expected
    assert type(found) is type(expected)


def test_derive_leaves_the_tables_as_they_were() -> None:
    table = [{"a": 1}]

    rows_of({"op": "from", "table": "t"}, {"op": "derive", "column": "a", "value": {"literal": 2}}, t=table)

    assert table == [{"a": 1}]


def test_sort_is_stable_with_nulls_last_either_way() -> None:
    assert ids({"op": "sort", "by": [{"column": "price"}]}) == [4, 1, 2, 3]
    assert ids({"op": "sort", "by": [{"column": "price", "descending": True}]}) == [2, 1, 4, 3]
    assert ids({"op": "sort", "by": [{"column": "seller", "descending": True}]}) == [2, 4, 1, 3]
    assert ids({"op": "sort", "by": [{"column": "seller"}, {"column": "id", "descending": True}]}) == [
        3,
        1,
        4,
        2,
    ]


def test_limit_keeps_the_first_rows() -> None:
    assert ids({"op": "limit", "count": 2}) == [1, 2]
    assert ids({"op": "limit", "count": 0}) == []


def test_distinct_keeps_the_first_of_equal_rows() -> None:
    rows = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": None}, {}]

    assert ids({"op": "distinct", "by": ["seller"]}) == [1, 2]
    assert rows_of({"op": "from", "table": "t"}, {"op": "distinct"}, t=rows) == [
        {"a": 1}, {"a": True}, {"a": "1"}, {"a": None}, {},
    ]  # fmt: skip


def test_group_makes_one_row_per_combination_in_order_of_appearance() -> None:
    statistics = {
        "n": {"fn": "count"},
        "priced": {"fn": "count", "column": "price"},
        "sum": {"fn": "sum", "column": "price"},
        "mean": {"fn": "mean", "column": "price"},
        "middle": {"fn": "median", "column": "price"},
        "least": {"fn": "min", "column": "title"},
        "greatest": {"fn": "max", "column": "price"},
    }

    assert after({"op": "group", "by": ["seller"], "aggregates": statistics}) == snapshot(
        [
            {
                "seller": "ann",
                "n": 2,
                "priced": 1,
                "sum": 8500,
                "mean": 8500,
                "middle": 8500,
                "least": "Ford F-150",
                "greatest": 8500,
            },
            {
                "seller": "bob",
                "n": 2,
                "priced": 2,
                "sum": 16000.5,
                "mean": 8000.25,
                "middle": 8000.25,
                "least": "Citroën camión",
                "greatest": 12000,
            },
        ]
    )


def test_group_names_a_pointer_by_its_last_step_and_keeps_null_as_a_group() -> None:
    found = after({"op": "group", "by": ["/facts/Year"], "aggregates": {"n": {"fn": "count"}}})

    assert [row["Year"] for row in found] == ["2014", "2019", None, "1999"]


def test_aggregate_gives_one_row_even_of_none() -> None:
    statistics = {
        fn: {"fn": fn, "column": "value"} for fn in ("count", "sum", "mean", "median", "min", "max")
    }
    step = {"op": "aggregate", "aggregates": statistics}

    assert rows_of({"op": "from", "table": "t"}, step, t=[4, 1, 3, 2]) == snapshot(
        [{"count": 4, "sum": 10, "mean": 2.5, "median": 2.5, "min": 1, "max": 4}]
    )
    assert rows_of({"op": "from", "table": "t"}, step, t=[]) == snapshot(
        [{"count": 0, "sum": None, "mean": None, "median": None, "min": None, "max": None}]
    )


def test_whole_numbers_stay_whole_where_exact() -> None:
    step = {"op": "aggregate", "aggregates": {fn: {"fn": fn, "column": "value"} for fn in ("mean", "median")}}

    assert [type(v) for v in rows_of({"op": "from", "table": "t"}, step, t=[1, 3])[0].values()] == [int, int]


def test_group_stat_adds_the_statistic_of_the_rows_group() -> None:
    found = after(
        {"op": "group_stat", "by": ["seller"], "column": "price", "fn": "median", "into": "typical"}
    )

    assert [(row["id"], row["typical"]) for row in found] == [
        (1, 8500),
        (2, 8000.25),
        (3, 8500),
        (4, 8000.25),
    ]


def test_join_adds_each_match_under_its_prefix() -> None:
    sellers = [{"name": "ann", "city": "Ada"}, {"name": "ann", "city": "Ode"}, {"name": None, "city": "x"}]
    on = [{"left": "seller", "right": "name"}]

    def joined(how: str) -> list[Any]:
        step = {"op": "join", "table": "sellers", "on": on, "how": how, "as": "by"}
        found = rows_of({"op": "from", "table": "lots"}, step, sellers=sellers)
        return [(row["id"], row["by"] and row["by"]["city"]) for row in found]  # type: ignore[index, call-overload]  # rows of this test

    assert joined("inner") == [(1, "Ada"), (1, "Ode"), (3, "Ada"), (3, "Ode")]
    assert joined("left") == [(1, "Ada"), (1, "Ode"), (2, None), (3, "Ada"), (3, "Ode"), (4, None)]


def test_a_join_on_null_matches_nothing() -> None:
    step = {"op": "join", "table": "t", "on": [{"left": "a", "right": "a"}], "as": "other"}

    assert rows_of({"op": "from", "table": "t"}, step, t=[{"a": None}, {}]) == []


def test_underpriced_rows_come_out_of_the_steps_together() -> None:
    found = after(
        {"op": "group_stat", "by": ["seller"], "column": "price", "fn": "median", "into": "typical"},
        {"op": "derive", "column": "fair", "value": {"mul": [{"literal": 0.8}, {"column": "typical"}]}},
        {"op": "filter", "where": {"column": "price", "test": "lt", "other": "fair"}},
        {"op": "select", "columns": {"title": "title", "price": "price"}},
    )

    assert found == [{"title": "Citroën camión", "price": 4000.5}]
