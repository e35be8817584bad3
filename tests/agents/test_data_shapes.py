"""Where rows come from and how they are reached: tables, pointers, lists side by side, and how much is too much."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.data.agent import INLINE_ROWS, create
from agents.data.bounds import MAX_SPEC_DEPTH, MAX_WORK, Budget, check_rows, spec_nodes
from agents.data.columns import cell, short_name
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import CellProblem, key_of
from contracts.agent import AgentCall
from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer

if TYPE_CHECKING:
    from agents.doors import Doors

AGENT = create(cast("Doors", None))  # it opens none
FROM = {"op": "from", "table": "t"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([1.0, 2.5, "", "a", "/", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "/", "~", "0"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def run(*steps: Any, **tables: Any) -> list[Any]:
    inputs = read_inputs({"tables": tables, "steps": list(steps)})
    return run_steps(inputs.steps, inputs.tables, Budget())


def call(**inputs: Any) -> AgentCall:
    return AgentCall(inputs=inputs, objective="", now=datetime(2026, 1, 1, tzinfo=UTC), timeout_s=5)


@settings(max_examples=80)
@given(JSON, st.lists(st.sampled_from(["a", "/", "~", "0", "1", "-", ""]), min_size=1, max_size=4))
def test_a_pointer_reaches_what_its_steps_name_or_nothing(value: Any, tokens: list[str]) -> None:
    here = value
    for token in tokens:
        if isinstance(here, dict):
            here = here.get(token)
        elif isinstance(here, list) and token in {"0", "1"} and int(token) < len(here):
            here = here[int(token)]
        else:
            here = None
    assert cell(value, join_pointer(*tokens)) == here


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("a.b", 1),
        ("/a/b", 2),
        ("/a~1b", 3),
        ("/~0", 4),
        ("/l/1/x", 5),
        ("/l/-1", None),
        ("/l/9999999999", None),
        ("/l/²", None),
        ("/s/0", None),
        ("a/b", 3),
        ("/", 6),
    ],
)
def test_a_column_is_a_whole_name_unless_it_begins_with_a_slash(column: str, expected: Any) -> None:
    row = {"a.b": 1, "a": {"b": 2}, "a/b": 3, "~": 4, "l": [{}, {"x": 5}], "s": "text", "": 6}
    assert run(FROM, {"op": "select", "columns": {"v": column}}, t=[row]) == [{"v": expected}]


@pytest.mark.parametrize(
    ("column", "name"), [("a", "a"), ("/a/b", "b"), ("/a/x~1y", "x/y"), ("a/b", "a/b"), ("/", "")]
)
def test_a_column_that_is_grouped_by_is_called_by_its_last_step(column: str, name: str) -> None:
    assert short_name(column) == name


@settings(max_examples=60)
@given(JSON, JSON)
def test_equal_values_share_a_key_and_others_do_not(one: Any, other: Any) -> None:
    def kinded(value: Any) -> str:
        """Spell a value so that 1 and 1.0 are one and 1 and true are two."""
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, list):
            return "[" + ",".join(map(kinded, value)) + "]"
        if isinstance(value, dict):
            return "{" + ",".join(f"{json.dumps(k)}:{kinded(value[k])}" for k in sorted(value)) + "}"
        return json.dumps(value)

    assert (key_of(one) == key_of(other)) == (kinded(one) == kinded(other))


def test_a_value_nested_too_deep_to_compare_is_refused_and_not_recursed_into() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    with pytest.raises(CellProblem, match="nested deeper than 100 levels"):
        key_of(deep)
    with pytest.raises(InvalidInput, match="row 1, column ''"):
        run(FROM, {"op": "distinct"}, t=[{"a": 1}, {"a": deep}])


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (None, []),
        ([], []),
        ({}, [{}]),
        ({"a": 1}, [{"a": 1}]),
        (0, [{"value": 0}]),
        ("", [{"value": ""}]),
        (False, [{"value": False}]),
        ([None, [1], {"a": 1}, 2], [{"value": [1]}, {"a": 1}, {"value": 2}]),
        ([[1, 2], [3]], [{"value": [1, 2]}, {"value": [3]}]),
    ],
)
def test_any_value_is_a_table_of_as_many_rows_as_people_would_count(table: Any, rows: Any) -> None:
    assert run(FROM, t=table) == rows


def test_a_table_may_lie_deep_in_another_agents_output() -> None:
    output = {"pages": [{"lots": [{"n": 1}, {"n": 2}]}]}
    assert run(FROM | {"pointer": "/pages/0/lots"}, t=output) == [{"n": 1}, {"n": 2}]
    joined = {
        "op": "join",
        "table": "t",
        "pointer": "/pages/0/lots",
        "on": [{"left": "value", "right": "n"}],
        "as": "x",
    }
    assert run({"op": "from", "table": "k"}, joined, t=output, k=[2]) == [{"value": 2, "x": {"n": 2}}]


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.none() | st.integers(), max_size=5), min_size=1))
def test_tables_side_by_side_keep_every_element_at_its_place(tables: dict[str, list[Any]]) -> None:
    rows = run({"op": "zip", "tables": {name: name for name in tables}}, **tables)
    assert len(rows) == max(map(len, tables.values()))
    for name, elements in tables.items():
        assert [row[name] for row in rows] == elements + [None] * (len(rows) - len(elements))


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(), max_size=4), max_size=4))
def test_flattening_gives_back_what_was_gathered(lists: list[list[int]]) -> None:
    rows = run(FROM, {"op": "flatten", "column": "l"}, t=[{"l": inner} for inner in lists])
    assert [row["value"] for row in rows] == [n for inner in lists for n in inner]


STEPS: list[Any] = [
    {"op": "derive", "column": "n", "value": {"literal": 1}},
    {"op": "sort", "by": [{"column": "a", "descending": True}]},
    {"op": "group_stat", "by": ["a"], "fn": "count", "into": "c"},
    {"op": "flatten", "column": "l"},
    {"op": "join", "table": "t", "on": [{"left": "a", "right": "a"}], "as": "other"},
    {"op": "select", "columns": {"b": "/l/0/b"}},
    {"op": "distinct"},
]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s["op"])
def test_no_step_changes_the_table_it_reads(step: Any) -> None:
    table = [{"a": 2, "l": [{"b": 1}]}, {"a": 1, "l": [{"b": 2}]}]
    before = deepcopy(table)
    run(FROM, step, t=table)
    assert table == before


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_as_many_rows_as_the_limit_are_taken(count: int) -> None:
    check_rows(count)
    with pytest.raises(InvalidInput, match="at most 100000 are taken"):
        check_rows(100_001)


def test_work_is_counted_over_steps_and_its_end_is_told() -> None:
    budget = Budget()
    budget.spend(1000, MAX_WORK // 1000)
    assert budget.work == MAX_WORK
    with pytest.raises(InvalidInput) as caught:
        budget.spend(1, 1)
    assert (caught.value.code, caught.value.hint) == ("data.too_large", "Filter earlier.")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_spec_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    assert spec_nodes(nested(MAX_SPEC_DEPTH)) == MAX_SPEC_DEPTH + 1
    with pytest.raises(InvalidInput, match=f"more than {MAX_SPEC_DEPTH} levels"):
        spec_nodes(nested(MAX_SPEC_DEPTH + 1))


@pytest.mark.parametrize("spec", [[0] * 1_000_000, {str(i): 0 for i in range(100_000)}, [[[]] * 4000] * 4000])
def test_a_spec_of_too_many_values_is_refused_before_it_is_read(spec: Any) -> None:
    with pytest.raises(InvalidInput, match="more than 5000 values") as caught:
        spec_nodes(spec)
    assert caught.value.where == "/steps"


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({}, "/tables"),
        ({"tables": {}}, "/steps"),
        ({"tables": [], "steps": [FROM]}, "/tables"),
        ({"tables": {"": 1}, "steps": [FROM]}, "/tables//[key]"),
        ({"tables": {f"t{i}": 1 for i in range(201)}, "steps": [FROM]}, "/tables"),
        ({"tables": {}, "steps": {}}, "/steps"),
        ({"tables": {}, "steps": []}, "/steps"),
        ({"tables": {}, "steps": [FROM] + [{"op": "distinct"}] * 50}, "/steps"),
        ({"tables": {}, "steps": [{"op": "distinct"}, FROM]}, ""),
        ({"tables": {}, "steps": [FROM], "limit": 5}, "/limit"),
        ({"tables": {}, "steps": [FROM | {"pointer": "rows"}]}, "/steps/0/from/pointer"),
        ({"tables": {}, "steps": [FROM, {"op": "limit", "count": 1.0}]}, "/steps/1/limit/count"),
        (
            {"tables": {}, "steps": [FROM, {"op": "sort", "by": [{"column": "a", "descending": 1}]}]},
            "/steps/1/sort/by/0/descending",
        ),
        (
            {"tables": {}, "steps": [FROM, {"op": "select", "columns": {"/a": "b"}}]},
            "/steps/1/select/columns//a/[key]",
        ),
    ],
)
async def test_bad_parameters_are_told_by_code_and_place(inputs: Any, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await AGENT.run(call(**inputs))
    assert caught.value.code == "data.bad_input"
    assert caught.value.where.replace("~1", "/") == where
    assert len(caught.value.message) <= 500


@pytest.mark.parametrize("count", [INLINE_ROWS, INLINE_ROWS + 1])
async def test_few_rows_and_many_are_worked_on_alike(count: int) -> None:
    rows = [{"n": n % 7} for n in range(count)]
    step = {"op": "group", "by": ["n"], "aggregates": {"c": {"fn": "count"}}}
    reply = await AGENT.run(call(tables={"t": rows}, steps=[FROM, step]))
    output: Any = reply.output
    assert sum(row["c"] for row in output["rows"]) == count
    assert output["count"] == 7
    assert reply.usage["cells"] == count * 8


async def test_calls_that_overlap_do_not_share_rows_or_budgets() -> None:
    async def one(n: int) -> Any:
        steps = [
            FROM,
            {"op": "derive", "column": "m", "value": {"mul": [{"column": "value"}, {"literal": n}]}},
        ]
        return await AGENT.run(call(tables={"t": [1, 2, 3] * (1 + 2000 * (n % 2))}, steps=steps))

    replies = await asyncio.gather(*(one(n) for n in range(6)))
    for n, reply in enumerate(replies):
        assert {row["m"] for row in reply.output["rows"]} == {n, 2 * n, 3 * n}
    assert len({reply.usage["cells"] for reply in replies}) == 2
