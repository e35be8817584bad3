"""What is kept as text comes back as the value it was, whoever wrote the text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.jsontext import json_text, json_value
from contracts.jsonvalue import canonical_json, parse_json

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
BIG = st.integers(-(10**399), 10**399)
VALUES = st.recursive(
    st.none() | st.booleans() | BIG | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def nested(depth: int) -> Any:
    value: Any = 7
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


def same(one: Any, other: Any) -> bool:
    """Say whether two values are equal in kind too: 1 is neither 1.0 nor true, -0.0 is not 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@settings(max_examples=60)
@given(VALUES)
@example({"": [], "a": {"": None}})
@example([0, -0.0, 0.0, 1, 1.0, True, 2**63, -(2**63) - 1, 2**64])
@example([5e-324, 1.7976931348623157e308, 1e16, 1e22, 0.1, 1e-7])
@example('\x00\x1f\x7f\u2028\u2029\ufeff\uffff\U0010ffff"\\/')
def test_a_value_comes_back_from_its_text_with_every_type_and_order(value: Any) -> None:
    assert same(json_value(json_text(value)), value)


@settings(max_examples=60)
@given(VALUES)
def test_the_standard_library_reads_what_was_written(value: Any) -> None:
    assert same(json.loads(json_text(value)), value)


@settings(max_examples=60)
@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_the_standard_library_writes_is_read(value: Any, ascii_only: Any, indent: Any) -> None:
    assert same(json_value(json.dumps(value, ensure_ascii=ascii_only, indent=indent)), value)


@settings(max_examples=60)
@given(VALUES)
def test_a_kept_text_is_one_that_the_strict_reader_takes(value: Any) -> None:
    assert same(parse_json(json_text(value)), value)


@settings(max_examples=60)
@given(VALUES)
def test_keeping_a_value_does_not_change_its_canonical_text(value: Any) -> None:
    assert canonical_json(json_value(json_text(value))) == canonical_json(value)


@settings(max_examples=40)
@given(VALUES)
def test_a_text_is_one_line_however_wild_its_strings(value: Any) -> None:
    assert not {"\n", "\r", "\x00"} & set(json_text(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}'),
        ("é🚚\u2028", '"é🚚\u2028"'),
        ('"\\/\b\x01', '"\\"\\\\/\\b\\u0001"'),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (10**30, "1" + "0" * 30),
        ([], "[]"),
    ],
)
def test_a_text_is_compact_and_escapes_only_what_it_must(value: Any, text: str) -> None:
    assert json_text(value) == text


@pytest.mark.parametrize(
    "value", ["\ud800", ["ok", "\udfff"], {"\ud83d": 1}, {"k": {"deep": ["\udc00tail"]}}, "\ud83d \ude00"]
)
def test_half_a_pair_of_surrogates_is_never_written(value: Any) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        json_text(value)


@pytest.mark.parametrize("value", [object(), [1, object()], {"k": {1: object}}])
def test_what_is_no_json_is_never_written(value: Any) -> None:
    with pytest.raises(ValueError, match="Unable to serialize"):
        json_text(value)


@pytest.mark.parametrize("depth", [1, 64, 100, 200])
def test_any_depth_that_a_door_lets_in_is_written_and_read(depth: int) -> None:
    assert json_value(json_text(nested(depth))) == nested(depth)


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_a_value_nested_without_end_is_refused_and_not_recursed_into(depth: int) -> None:
    value: Any = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(ValueError, match="depth"):
        json_text(value)
    while value:  # a list this deep must be taken apart by hand, for Python takes it apart by recursion
        value = value[0]
    with pytest.raises(ValueError, match="recursion"):
        json_value("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        '{"a":}',
        "[1,]",
        '{"a":1,}',
        "nul",
        "'a'",
        '"\x01"',
        '"\\x"',
        "01",
        "+1",
        "1 2",
        '"\\ud800"',
    ],
)
def test_a_damaged_text_is_refused_and_never_half_read(text: str) -> None:
    with pytest.raises(ValueError, match="line 1 column"):
        json_value(text)


def test_a_text_cut_at_any_place_is_refused() -> None:
    whole = json_text({"a": [1.5, "é\n", None, {"b": True}], "n": -12})
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="line 1 column"):
            json_value(whole[:end])
