"""Reckoning with cells: exact where it can be, null where something is unknown, refused where no number comes out."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from contracts.errors import InvalidInput

INTEGERS = st.integers(-(10**12), 10**12)
NUMBERS = INTEGERS | st.floats(-1e12, 1e12, allow_nan=False)


def value_of(expression: Any, **row: Any) -> Any:
    steps = [{"op": "from", "table": "t"}, {"op": "derive", "column": "out", "value": expression}]
    inputs = read_inputs({"tables": {"t": [row]}, "steps": steps})
    return run_steps(inputs.steps, inputs.tables, Budget())[0]["out"]


def op(name: str, *operands: Any) -> Any:
    return value_of({name: [{"literal": o} for o in operands]})


def refusal(expression: Any, **row: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        value_of(expression, **row)
    return caught.value


@settings(max_examples=50)
@given(st.lists(INTEGERS, min_size=1, max_size=6))
def test_whole_numbers_add_and_multiply_without_a_rounding(numbers: list[int]) -> None:
    assert op("add", *numbers) == sum(numbers)
    assert op("mul", *numbers) == math.prod(numbers)
    assert isinstance(op("add", *numbers), int)


@settings(max_examples=50)
@given(st.lists(NUMBERS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_sum_is_the_nearest_to_the_true_one_in_any_order(numbers: list[Any], rng: Any) -> None:
    shuffled = rng.sample(numbers, len(numbers))
    found = op("add", *shuffled)
    assert found == op("add", *numbers)
    exact = sum(map(Fraction, numbers))
    assert found == (
        exact if exact.denominator == 1 and all(isinstance(n, int) for n in numbers) else float(exact)
    )


@settings(max_examples=50)
@given(NUMBERS, NUMBERS)
def test_taking_away_what_was_added_gives_back_what_was(one: Any, other: Any) -> None:
    assert op("sub", one, other) == -op("sub", other, one)
    assert op("sub", one, one) == 0


@settings(max_examples=50)
@given(INTEGERS, INTEGERS.filter(bool))
def test_a_quotient_is_whole_exactly_when_it_divides(one: int, other: int) -> None:
    found = op("div", one, other)
    assert isinstance(found, int) == (one % other == 0)
    assert found == (one // other if one % other == 0 else one / other)


@settings(max_examples=50)
@given(NUMBERS, st.integers(-15, 15))
def test_rounding_is_pythons_and_rounding_twice_changes_nothing(number: Any, digits: int) -> None:
    once = op("round", number, digits)
    assert once == round(number, digits)
    assert op("round", once, digits) == once


@pytest.mark.parametrize(
    ("number", "expected"), [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (2.4999, 2), (7, 7)]
)
def test_halves_go_to_the_even_neighbour_and_come_out_whole(number: Any, expected: int) -> None:
    found = op("round", number)
    assert (found, type(found)) == (expected, int)


@pytest.mark.parametrize(
    ("number", "digits", "expected"), [(1234, -2, 1200), (1250, -2, 1200), (2.675, 2, 2.67)]
)
def test_rounding_reaches_left_of_the_point_too(number: Any, digits: int, expected: Any) -> None:
    assert op("round", number, digits) == expected


@pytest.mark.parametrize("divisor", [0, 0.0, -0.0])
@pytest.mark.parametrize("number", [1, -2.5, 0])
def test_nothing_comes_of_a_division_by_zero(number: Any, divisor: Any) -> None:
    assert op("div", number, divisor) is None


@pytest.mark.parametrize(
    "expression",
    [
        {"add": [{"column": "n"}, {"literal": 1}]},
        {"sub": [{"literal": 1}, {"column": "n"}]},
        {"mul": [{"literal": 0}, {"column": "n"}]},
        {"div": [{"column": "n"}, {"literal": 0}]},
        {"round": [{"column": "n"}]},
        {"round": [{"literal": 1.5}, {"column": "n"}]},
        {"add": [{"mul": [{"column": "/deep/x"}, {"literal": 2}]}, {"literal": 1}]},
        {"mul": [{"div": [{"literal": 1}, {"literal": 0}]}, {"literal": 2}]},
        {"literal": None},
    ],
)
def test_what_is_reckoned_with_an_unknown_is_unknown(expression: Any) -> None:
    assert value_of(expression, n=None, deep={}) is None


@pytest.mark.parametrize("value", ["5", "", True, False, [1], {"a": 1}])
@pytest.mark.parametrize("name", ["add", "mul", "round"])
def test_only_numbers_are_reckoned_with(name: str, value: Any) -> None:
    error = refusal({name: [{"column": "price"}]}, price=value)
    assert (error.code, error.data["column"]) == ("data.type", "price")
    assert "is no number" in error.message


@pytest.mark.parametrize("digits", [16, -16, 1.0, 0.5, 10**300])
def test_digits_to_round_to_are_a_small_whole_number(digits: Any) -> None:
    assert "digits are a whole number" in refusal({"round": [{"literal": 1.5}, {"literal": digits}]}).message


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("mul", [1e200, 1e200]),
        ("mul", [10**200, 10**200]),
        ("add", [1e308, 1e308]),
        ("add", [10**399, 0.5]),
        ("mul", [10**399, 0.5]),
        ("sub", [-1e308, 1e308]),
        ("sub", [10**399, 0.5]),
        ("div", [1e308, 1e-10]),
        ("div", [10**399, 3]),
        ("div", [10**399, 0.5]),
    ],
)
def test_a_number_too_large_to_keep_is_refused_and_never_infinite(name: str, operands: list[Any]) -> None:
    error = refusal({name: [{"literal": o} for o in operands]})
    assert (error.code, error.where) == ("data.type", "/steps/1")
    assert error.message.endswith("the result is out of range")


@settings(max_examples=60)
@given(st.sampled_from(["sub", "div", "mul", "add"]), NUMBERS, NUMBERS)
def test_a_result_is_a_number_json_can_carry_or_null(name: str, one: Any, other: Any) -> None:
    assume(name != "div" or abs(other) > 1e-200)
    found = op(name, one, other)
    assert found is None or (
        isinstance(found, int | float) and math.isfinite(found) and not isinstance(found, bool)
    )


def test_an_expression_may_ask_whether_a_condition_holds() -> None:
    cheap = {"when": {"column": "price", "test": "lt", "other": "limit"}}
    assert value_of(cheap, price=3, limit=4) is True
    assert value_of(cheap, price=None, limit=4) is False
    assert refusal({"add": [cheap, {"literal": 1}]}, price=3, limit=4).code == "data.type"


def test_a_literal_may_be_any_value_and_is_the_same_in_every_row() -> None:
    steps = [
        {"op": "from", "table": "t"},
        {"op": "derive", "column": "tag", "value": {"literal": {"column": "a", "list": [1, None]}}},
    ]
    inputs = read_inputs({"tables": {"t": [1, 2]}, "steps": steps})
    rows = run_steps(inputs.steps, inputs.tables, Budget())
    assert [row["tag"] for row in rows] == [{"column": "a", "list": [1, None]}] * 2


def test_a_later_step_sees_what_an_earlier_one_derived() -> None:
    steps = [
        {"op": "from", "table": "t"},
        {"op": "derive", "column": "a", "value": {"add": [{"column": "a"}, {"literal": 1}]}},
        {"op": "derive", "column": "b", "value": {"mul": [{"column": "a"}, {"column": "a"}]}},
    ]
    inputs = read_inputs({"tables": {"t": [{"a": 2, "z": 0}]}, "steps": steps})
    assert run_steps(inputs.steps, inputs.tables, Budget()) == [{"a": 3, "z": 0, "b": 9}]


@pytest.mark.parametrize(
    "expression",
    [
        {},
        {"add": []},
        {"add": [{"literal": 1}] * 21},
        {"sub": [{"literal": 1}]},
        {"div": [{"literal": 1}] * 3},
        {"round": []},
        {"round": [{"literal": 1}] * 3},
        {"pow": [{"literal": 2}, {"literal": 9}]},
        {"add": {"literal": 1}},
        {"add": [1, 2]},
        {"literal": 1, "column": "a"},
        {"column": ""},
        {"when": {"column": "a"}},
        {"add": [{"literal": 1}], "mul": [{"literal": 1}]},
        5,
        "a + 1",
        [],
    ],
)
def test_an_expression_of_another_shape_is_bad_input(expression: Any) -> None:
    error = refusal(expression)
    assert error.code == "data.bad_input"
    assert error.where.startswith("/steps/1")


def test_a_number_within_a_text_is_reckoned_with() -> None:
    read = {"number": {"column": "mileage"}}
    assert value_of({"div": [read, {"literal": 2}]}, mileage="128,000 km") == 64000
    assert value_of({"div": [read, {"literal": 2}]}, mileage="unknown") is None
    assert refusal({"number": {"column": "mileage"}}, mileage=[1]).code == "data.type"
