"""Which rows a condition keeps: kinds never mix silently, null answers no comparison, words are compared as people read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from contracts.errors import InvalidInput


def kept(condition: Any, rows: list[Any]) -> list[Any]:
    steps = [{"op": "from", "table": "t"}, {"op": "filter", "where": condition}]
    inputs = read_inputs({"tables": {"t": rows}, "steps": steps})
    return run_steps(inputs.steps, inputs.tables, Budget())


def holds(found: Any, test: str, value: Any) -> bool:
    return bool(kept({"column": "a", "test": test, "value": value}, [{"a": found}]))


def refusal(condition: Any, *rows: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        kept(condition, list(rows))
    return caught.value


@pytest.mark.parametrize(
    ("found", "test", "value", "expected"),
    [
        (1, "eq", 1.0, True),
        (0, "eq", -0.0, True),
        (2**60 + 1, "eq", float(2**60), False),
        (2**60 + 1, "gt", float(2**60), True),
        (10**399, "gt", 1e308, True),
        (True, "eq", True, True),
        (True, "ne", False, True),
        (False, "lt", True, True),
        ("a", "eq", "A", False),
        ("é", "eq", "e\u0301", False),
        ("", "lt", "a", True),
        ("Z", "lt", "a", True),
        ("10", "lt", "9", True),
        ([1, [2.0]], "eq", [1.0, [2]], True),
        ([1, 2], "eq", [2, 1], False),
        ({"a": 1, "b": [True]}, "eq", {"b": [True], "a": 1}, True),
        ({"a": 1}, "ne", {"a": True}, True),
        ([], "eq", [], True),
        (3, "le", 3, True),
        (3, "ge", 3.0, True),
        (3, "gt", 3, False),
    ],
)
def test_a_comparison_is_exact_within_one_kind(found: Any, test: str, value: Any, *, expected: bool) -> None:
    assert holds(found, test, value) is expected


@pytest.mark.parametrize("test", ["eq", "ne", "lt", "le", "gt", "ge", "contains"])
@pytest.mark.parametrize(("found", "value"), [(None, 1), (1, None), (None, None), (None, "a")])
def test_nothing_is_known_of_null_not_even_that_it_differs(test: str, found: Any, value: Any) -> None:
    assert not holds(found, test, value)
    assert not kept({"column": "a", "test": test, "other": "b"}, [{"a": found, "b": value}])


ONE_OF_EACH: list[Any] = [True, 1, "1", [1], {"1": 1}]


@pytest.mark.parametrize("test", ["eq", "ne", "lt", "ge"])
@pytest.mark.parametrize("found", ONE_OF_EACH, ids=repr)
def test_two_kinds_are_never_compared_in_silence(test: str, found: Any) -> None:
    for value in ONE_OF_EACH:
        if type(value) is not type(found):
            error = refusal({"column": "a", "test": test, "value": value}, {"a": found})
            assert (error.code, error.where) == ("data.type", "/steps/1")
            assert error.data == {"step": 1, "row": 0, "column": "a"}


@pytest.mark.parametrize("test", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_lists_and_objects_are_equal_or_not_and_never_less(test: str, value: Any) -> None:
    assert refusal({"column": "a", "test": test, "value": value}, {"a": value}).message.endswith(
        "has no order"
    )


@pytest.mark.parametrize(
    ("found", "needle", "expected"),
    [
        ("Citroën C4", "CITROEN", True),
        ("STRASSE", "straße", True),
        ("İstanbul", "istanbul", True),
        ("ﬁne", "FINE", True),
        ("x²", "x2", True),
        ("F-150", "f 150", False),
        ("abc", "", True),
        ("", "a", False),
        ("a\nb", "a\nb", True),
        ("日本語", "本", True),
        (["a", "B"], "b", False),
        (["a", 1], 1.0, True),
        ([[1], {"k": 2}], {"k": 2.0}, True),
        ([True], 1, False),
        ([None, 1], 1, True),
        ([], "a", False),
    ],
)
def test_contains_reads_words_like_people_and_lists_like_sets(
    found: Any, needle: Any, *, expected: bool
) -> None:
    assert holds(found, "contains", needle) is expected


@pytest.mark.parametrize(
    ("found", "needle"), [(12, 1), ("12", 1), ({"a": 1}, "a"), (True, "t"), ("a", ["a"])]
)
def test_what_cannot_contain_anything_says_so(found: Any, needle: Any) -> None:
    error = refusal({"column": "a", "test": "contains", "value": needle}, {"a": found})
    assert error.code == "data.type"
    assert "cannot contain" in error.message


@pytest.mark.parametrize(
    ("found", "among", "expected"),
    [
        (1, [1.0, 2], True),
        ("a", ["A", "b"], False),
        ("a", ["b", None], False),
        (1, [], False),
        (1, [None], False),
        ([1], [[1.0]], True),
        (1, ["1", 2], False),
        (1, ["1", 1], True),
    ],
)
def test_in_looks_for_an_equal_value_of_the_same_kind(found: Any, among: Any, *, expected: bool) -> None:
    assert holds(found, "in", among) is expected


def test_in_a_list_without_any_value_of_the_kind_is_a_mistake_worth_telling() -> None:
    error = refusal({"column": "a", "test": "in", "value": ["1", "2"]}, {"a": 1})
    assert error.message == "row 0, column 'a': 1 is a number, the list has none"
    other = refusal({"column": "a", "test": "in", "other": "b"}, {"a": 1, "b": "1"})
    assert other.message == "row 0, column 'a': '1' is no list to be in"


EMPTY_OR_NOT: list[Any] = [
    {}, {"a": None}, {"a": False}, {"a": 0}, {"a": ""}, {"a": []}, {"a": {}}, {"a": " "}, {"a": [None]}, {"a": True},
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "places"),
    [("exists", range(2, 10)), ("empty", [0, 1, 4, 5, 6]), ("is_true", [9]), ("is_false", [2])],
)
def test_a_test_of_one_value_never_confuses_empty_false_and_zero(test: str, places: Any) -> None:
    found = kept({"column": "a", "test": test}, EMPTY_OR_NOT)
    assert found == [EMPTY_OR_NOT[i] for i in places]


CONDITIONS = st.recursive(
    st.builds(
        lambda c, t, v: {"column": c, "test": t, "value": v},
        st.sampled_from("ab"),
        st.sampled_from(["eq", "ne", "lt", "ge"]),
        st.integers(0, 2),
    )
    | st.builds(lambda c: {"column": c, "test": "exists"}, st.sampled_from("ab")),
    lambda inner: (
        st.builds(lambda c: {"not": c}, inner)
        | st.builds(lambda cs: {"all": cs}, st.lists(inner, max_size=3))
        | st.builds(lambda cs: {"any": cs}, st.lists(inner, max_size=3))
    ),
    max_leaves=5,
)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"a": st.none() | st.integers(0, 2), "b": st.integers(0, 2)}),
    max_size=8,
)


@settings(max_examples=60)
@given(CONDITIONS, ROWS)
def test_a_row_is_kept_by_a_condition_or_by_its_opposite_and_never_by_both(
    condition: Any, rows: list[Any]
) -> None:
    numbered = [row | {"n": n} for n, row in enumerate(rows)]
    one, other = kept(condition, numbered), kept({"not": condition}, numbered)
    assert sorted(row["n"] for row in [*one, *other]) == list(range(len(rows)))


@settings(max_examples=60)
@given(CONDITIONS, CONDITIONS, ROWS)
def test_all_and_any_are_each_others_opposite(one: Any, other: Any, rows: list[Any]) -> None:
    neither = {"all": [{"not": one}, {"not": other}]}
    assert kept({"not": {"any": [one, other]}}, rows) == kept(neither, rows)


@settings(max_examples=60)
@given(CONDITIONS, ROWS)
def test_filtering_twice_keeps_what_filtering_once_kept_in_its_order(condition: Any, rows: list[Any]) -> None:
    once = kept(condition, rows)
    assert kept(condition, once) == once
    assert all(row in rows for row in once)


def test_all_of_nothing_holds_and_any_of_nothing_does_not() -> None:
    assert kept({"all": []}, [{"a": 1}]) == [{"a": 1}]
    assert kept({"any": []}, [{"a": 1}]) == []


def test_a_condition_that_is_already_decided_looks_no_further() -> None:
    guarded = {
        "all": [{"column": "k", "test": "eq", "value": "n"}, {"column": "a", "test": "lt", "value": 5}]
    }
    assert kept(guarded, [{"k": "s", "a": "x"}, {"k": "n", "a": 3}]) == [{"k": "n", "a": 3}]


def test_the_row_at_fault_is_named_by_its_number() -> None:
    rows = [{"a": 1}, {"a": None}, {"a": "x"}]
    assert refusal({"column": "a", "test": "lt", "value": 5}, *rows).as_json() == snapshot(
        {
            "code": "data.type",
            "message": "row 2, column 'a': 'x' is a string, 5 a number",
            "where": "/steps/1",
            "hint": "Filter such rows out first, or compare like with like.",
            "data": {"step": 1, "row": 2, "column": "a"},
        }
    )


def test_a_megabyte_in_a_cell_is_not_repeated_in_the_error() -> None:
    for value in ("x" * 1_000_000, ["x" * 1_000_000], 10**100_000):
        error = refusal({"column": "a", "test": "lt", "value": True}, {"a": value})
        assert len(error.message) < 500


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"column": "a"},
        {"test": "eq", "value": 1},
        {"column": "", "test": "exists"},
        {"column": "a" * 501, "test": "exists"},
        {"column": "a", "test": "like", "value": "x"},
        {"column": "a", "test": "eq"},
        {"column": "a", "test": "eq", "value": 1, "other": "b"},
        {"column": "a", "test": "exists", "value": 1},
        {"column": "a", "test": "is_true", "other": "b"},
        {"column": "a", "test": "in", "value": "abc"},
        {"column": 1, "test": "exists"},
        {"not": []},
        {"not": {"column": "a", "test": "exists"}, "all": []},
        {"all": {"column": "a", "test": "exists"}},
        {"any": [1]},
        {"any": [{"column": "a", "test": "exists"}] * 201},
        {"sql": "1=1"},
        "a = 1",
        None,
    ],
)
def test_a_condition_of_another_shape_is_bad_input(condition: Any) -> None:
    error = refusal(condition, {"a": 1})
    assert error.code == "data.bad_input"
    assert error.where.startswith("/steps/1")
