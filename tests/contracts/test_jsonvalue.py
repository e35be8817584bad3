from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, join_pointer, parse_json, resolve_pointer, sha256_of
from contracts.schemas import Checker

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_canonically_is_read_back_equal(value: Any) -> None:
    try:
        text = canonical_json(value).encode()
    except UnicodeEncodeError:
        return
    assert parse_json(text) == value


@given(VALUES | st.lists(st.sampled_from([1e16, 1e-7, 5e-324, -0.0, 10**399, "\x00\x7f\u2028\ud800", True])))
def test_the_canonical_text_is_the_standard_librarys_byte_for_byte(value: Any) -> None:
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    assert canonical_json(value) == plain


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), [1, {"a": float("inf")}]])
def test_what_json_cannot_spell_has_no_canonical_text(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_a_limit_on_digits_counts_for_its_own_call_alone() -> None:
    long = "1" * 30
    with pytest.raises(InvalidInput, match="30 digits"):
        parse_json(long, max_digits=20)
    assert parse_json(long) == int(long)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(), max_size=5))
def test_the_order_of_keys_does_not_change_the_hash(value: Any) -> None:
    assert sha256_of(value) == sha256_of(dict(reversed(value.items())))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_code(raw: Any) -> None:
    code = "json."
    try:
        parse_json(raw)
    except InvalidInput as exc:
        code = exc.code
    assert code.startswith("json.")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=5) | st.integers(0, 3), max_size=4))
def test_a_pointer_walks_the_tokens_it_was_made_of(tokens: Any) -> None:
    value: Any = "here"
    for token in reversed(tokens):
        value = {token: value} if isinstance(token, str) else [None] * token + [value]
    assert resolve_pointer(value, join_pointer(*tokens)) == "here"


@pytest.mark.parametrize(
    "pointer",
    ["a", "/x", "/list/9", "/list/-", "/list/01", "/list/-1", "/list/1e0", "/n/x", "/list/" + "9" * 5000],
)
def test_a_pointer_to_nothing_is_refused(pointer: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_pointer({"list": [1], "n": 3}, pointer)
    assert caught.value.code == "json.pointer"


def test_depth_is_counted_outside_strings_only() -> None:
    assert parse_json(json.dumps("[" * 1000 + '"')) == "[" * 1000 + '"'
    with pytest.raises(InvalidInput, match="deeper than 3"):
        parse_json('[["\\"", [[1]]]]', max_depth=3)


def test_a_reference_outside_the_schema_is_never_fetched() -> None:
    with pytest.raises(InvalidInput) as caught:
        Checker({"$ref": "http://127.0.0.1:1/schema"})
    assert caught.value.code == "schema.invalid"


def test_a_pattern_made_to_backtrack_ends_at_once() -> None:
    assert Checker({"pattern": "^(a+)+$"}).first("a" * 50_000 + "!") is not None
