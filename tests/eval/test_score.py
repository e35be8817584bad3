"""Scorers: what each calls equal, and what it says of the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from contracts.trace import ExecutionTrace
from eval.score import SCORERS, ScorerName, score_against, score_output, score_trace

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
ROW: dict[str, Any] = {"url": "/a", "price": 4200.0, "tags": ["red", "truck"]}


def trace_with(**fields: Any) -> ExecutionTrace:
    whole = {"trace_id": "t1", "task_id": "r1", "agent_type": "data", "status": "success", "timestamp": 1}
    return ExecutionTrace.model_validate(whole | fields)


@pytest.mark.parametrize("scorer", SCORERS)
@given(value=JSON)
def test_every_scorer_gives_full_marks_to_the_same_value(scorer: ScorerName, value: Any) -> None:
    found = score_output(value, value, scorer)
    assert (found.value, found.passed) == (1.0, True)


@pytest.mark.parametrize("scorer", SCORERS)
@given(output=JSON, expected=JSON)
def test_every_score_lies_between_nothing_and_full_marks(
    scorer: ScorerName, output: Any, expected: Any
) -> None:
    found = score_output(output, expected, scorer)
    assert 0 <= found.value <= 1
    assert found.passed == (found.value == 1)
    assert len(found.explanation) < 20_000


@pytest.mark.parametrize(
    ("output", "expected", "is_equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ({}, [], False),
        ([], None, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (10**400, 10**400, True),
    ],
)
def test_exact_knows_equal_json_values(output: Any, expected: Any, *, is_equal: bool) -> None:
    assert score_output(output, expected, "exact").passed is is_equal


def test_exact_names_the_places_that_differ() -> None:
    found = score_output({"rows": [ROW | {"price": 1}, 5]}, {"rows": [ROW], "count": 1}, "exact")
    assert found.value == 0
    assert found.explanation == (
        "/rows/0/price: 1, expected 4200.0; /rows/1: 5, expected nothing; /count: missing, expected 1"
    )


def test_an_explanation_names_only_the_first_differences() -> None:
    found = score_output(list(range(100)), [-1] * 100, "exact")
    assert found.explanation.count(";") == 4


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        (ROW, {"url": "/a"}, 1.0),
        (ROW, {}, 1.0),
        (ROW, [], 0.0),
        ({"rows": [1, 2, 3, 4]}, {"rows": [2, 4]}, 1.0),
        ({"rows": [1, 2, 3, 4]}, {"rows": [4, 2]}, 0.5),
        ([ROW, ROW | {"price": 1}], [{"price": 1}], 1.0),
        ([[1, 2], [1, 3]], [[3]], 1.0),
        (ROW, {"url": "/b", "price": 4200}, 0.5),
        (ROW, {"missing": {"a": 1, "b": 2}, "url": "/a", "price": 4200}, 0.5),
        ("text", {"a": 1}, 0.0),
        ([1], [1, 1], 0.5),
    ],
)
def test_subset_counts_the_expected_leaves_that_are_there(output: Any, expected: Any, value: float) -> None:
    assert score_output(output, expected, "subset").value == value


def test_subset_refuses_values_too_large_to_compare() -> None:
    with pytest.raises(InvalidInput) as raised:
        score_output([0] * 10_000, [1] * 10_000, "subset")
    assert raised.value.code == "eval.too_large"


@pytest.mark.parametrize(
    ("output", "expected", "tolerance", "is_close"),
    [
        (1.0000001, 1, 1e-6, True),
        (1.01, 1, 1e-6, False),
        (1.01, 1, 0.05, True),
        (1e-9, 0, 1e-6, True),
        ([104.9, "a"], [100, "a"], 0.05, True),
        (True, 1, 0.5, False),
        ("1", 1, 0.5, False),
        (10**400, 10**400, 0.1, True),
        (10**400, 1, 0.1, False),
    ],
)
def test_numeric_lets_numbers_differ_by_the_tolerance(
    output: Any, expected: Any, tolerance: float, *, is_close: bool
) -> None:
    assert score_output(output, expected, "numeric", tolerance=tolerance).passed is is_close


def test_numeric_gives_the_share_of_leaves_that_agree() -> None:
    assert score_output([1, 2, 3, 9], [1, 2, 3, 4], "numeric").value == 0.75


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], 1.0),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], pytest.approx(2 / 3)),
        ([{"a": 1}, {"a": 1}], [{"a": 1}], pytest.approx(2 / 3)),
        ({"a": 1, "b": 5}, {"a": 1.0, "b": 6}, 0.5),
        ({"a": True}, {"a": 1}, 0.0),
        ({"a": 1}, {"b": 1}, 0.0),
        ([], [], 1.0),
        ({}, {"a": 1}, 0.0),
    ],
)
def test_f1_weighs_fields_found_against_fields_expected(output: Any, expected: Any, value: float) -> None:
    assert score_output(output, expected, "f1").value == value


def test_f1_names_what_is_missing_and_what_is_not_expected() -> None:
    found = score_output({"a": 1}, {"b": [2]}, "f1")
    assert found.explanation == "missing /b/* = '2'; not expected /a = '1'"


def test_a_lower_bar_passes_a_lower_value() -> None:
    assert score_output([1, 2, 3, 9], [1, 2, 3, 4], "f1", pass_at=0.7).passed


def test_a_trace_is_scored_against_what_it_expects() -> None:
    assert score_trace(trace_with(output=1, expected_output=1), "exact").passed


def test_a_trace_that_expects_nothing_is_refused_with_the_next_step() -> None:
    with pytest.raises(InvalidInput) as raised:
        score_trace(trace_with(output=1), "exact")
    assert raised.value.code == "eval.no_expected"
    assert "--expected" in raised.value.hint


def test_an_attempt_that_failed_scores_nothing_and_says_why() -> None:
    trace = trace_with(status="failure", metadata={"error": {"code": "limit.time", "message": "late"}})
    found = score_against(trace, None, "exact")
    assert (found.value, found.passed) == (0.0, False)
    assert "failure (limit.time)" in found.explanation


def test_a_value_of_null_can_be_expected_on_purpose() -> None:
    assert score_against(trace_with(output=None), None, "exact").passed
