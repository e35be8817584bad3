"""The strict reader at its limits: the last thing it takes, the first it refuses, and what it says then."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from contracts.jsonvalue import (
    MAX_DIGITS,
    canonical_json,
    join_pointer,
    parse_json,
    resolve_pointer,
    sha256_of,
)


def refusal(text: bytes | str, **limits: int) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_json(text, **limits)
    return caught.value


@pytest.mark.parametrize("text", ['"é"', "[1,2,3]", b'{"k":"\xf0\x9f\x9a\x9a"}'])
def test_size_is_counted_in_bytes_whatever_the_text_comes_as(text: bytes | str) -> None:
    size = len(text.encode() if isinstance(text, str) else text)
    parse_json(text, max_bytes=size)
    assert refusal(text, max_bytes=size - 1).as_json() == {
        "code": "json.too_large",
        "message": f"JSON of {size} bytes, at most {size - 1} are read",
    }


def test_size_is_looked_at_before_anything_is_read() -> None:
    assert refusal(b"\xff" * 100, max_bytes=99).code == "json.too_large"


@pytest.mark.parametrize("depth", [1, 2, 7, 64])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"k":', "}")])
def test_a_value_may_be_as_deep_as_the_limit_and_no_deeper(depth: int, opened: str, closed: str) -> None:
    inner = "1" if opened != "[" else ""
    parse_json(opened * depth + inner + closed * depth, max_depth=depth)
    deeper = opened * (depth + 1) + inner + closed * (depth + 1)
    assert refusal(deeper, max_depth=depth).message == f"JSON nested deeper than {depth} levels"


def test_a_wide_value_is_not_taken_for_a_deep_one() -> None:
    assert parse_json("[" + ",".join(["[{}]"] * 500) + "]", max_depth=3) == [[{}]] * 500


STRINGS = st.text(st.sampled_from('[]{}"\\,:a '), max_size=20)


@settings(max_examples=80)
@given(st.lists(STRINGS, max_size=12))
def test_brackets_and_quotes_in_strings_never_count_as_depth(strings: list[str]) -> None:
    for ascii_only in (True, False):
        assert parse_json(json.dumps(strings, ensure_ascii=ascii_only), max_depth=1) == strings


@settings(max_examples=150)
@given(st.text(st.sampled_from('[]{}"\\:,1a'), max_size=40), st.integers(1, 4))
def test_what_is_read_is_never_deeper_than_asked_and_never_another_value(text: str, limit: int) -> None:
    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    with suppress(InvalidInput):
        value = parse_json(text, max_depth=limit)
        assert value == json.loads(text)
        assert depth(value) <= limit


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_has_as_many_digits_as_the_limit(sign: str) -> None:
    longest = sign + "9" * MAX_DIGITS
    assert parse_json(longest) == int(longest)
    assert (
        refusal(longest + "9").message
        == f"a number of {MAX_DIGITS + 1} digits, at most {MAX_DIGITS} are read"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("1e-400", 0.0),
        ("0." + "1" * 5000, 1 / 9),
        ("-0.0", 0.0),
    ],
)
def test_a_decimal_is_taken_as_the_nearest_float(text: str, value: float) -> None:
    assert parse_json(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["1e309", "-1e309", "1.8e308", "[0, 1E+999]", "9" * 400 + ".0"])
def test_a_decimal_no_float_holds_is_refused_and_never_infinite(text: str) -> None:
    error = refusal(text)
    assert error.code == "json.too_large"
    assert len(error.message) < 100


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1 column 1"),
        ("nope", "line 1 column 1"),
        ('{"a":\n 1 2}', "line 2 column 4"),
        ('["a"\n "b"]', "line 2 column 2"),
        ("[1] [2]", "line 1 column 5"),
        ("\ufeff{}", "line 1 column 1"),
        ('"\t"', "line 1 column 2"),
        ("\xa01", "line 1 column 1"),
        ("٣", "line 1 column 1"),
        ("{a: 1}", "line 1 column 2"),
        ("[1, // one\n2]", "line 1 column 5"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line_and_column(text: str, where: str) -> None:
    error = refusal(text)
    assert (error.code, error.where) == ("json.malformed", where)
    assert where in error.message


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused_by_name(name: str) -> None:
    assert refusal(f'{{"a": [{name}]}}').message == f"{name} is not JSON"


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '[{"x":{"a":1,"b":2,"a":3}}]', '{"a":1,"\\u0061":2}'])
def test_a_name_that_stands_twice_in_an_object_is_refused_however_it_is_spelled(text: str) -> None:
    assert refusal(text).message == "the key 'a' stands twice in one object"


def test_a_name_may_stand_in_two_objects() -> None:
    assert parse_json('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}') == {
        "a": {"a": {"a": 1}},
        "b": [{"a": 1}] * 2,
    }


@pytest.mark.parametrize(
    ("raw", "at"), [(b'"\xff"', 1), (b"\xff\xfe{\x00}\x00", 0), (b'"\xc3', 1), (b'"\xed\xa0\x80"', 1)]
)
def test_bytes_that_are_no_utf8_are_refused_at_their_place(raw: bytes, at: int) -> None:
    error = refusal(raw)
    assert (error.code, error.message) == ("json.encoding", f"not UTF-8 at byte {at}")


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '{"\\udc00":1}', '["\\ud83d","\\ude9a"]', '"\ud800"', '{"k":"\udfff"}']
)
def test_half_a_pair_of_surrogates_is_refused_written_out_or_escaped(text: str) -> None:
    assert refusal(text).code == "json.encoding"


def test_a_whole_pair_of_escapes_is_one_character() -> None:
    assert parse_json('"\\ud83d\\ude9a"') == "🚚"


TOKENS = st.lists(st.text(st.sampled_from("~/01a-é #"), max_size=4), max_size=4)


@settings(max_examples=80)
@given(TOKENS)
def test_a_pointer_reaches_the_one_place_its_tokens_name(tokens: list[str]) -> None:
    value: Any = "here"
    for token in reversed(tokens):
        value = {token: value, token + "~1": "beside", "~0" + token: "beside", "else": None}
    assert resolve_pointer(value, join_pointer(*tokens)) == "here"


@settings(max_examples=80)
@given(TOKENS, TOKENS)
def test_two_walks_share_a_pointer_only_if_they_are_one(one: list[str], other: list[str]) -> None:
    assert (join_pointer(*one) == join_pointer(*other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "pointer", "expected"),
    [
        ({"": {"": 1}}, "//", 1),
        ({"a/b": {"m~n": [1, 2]}}, "/a~1b/m~0n/1", 2),
        ({"~1": 5}, "/~01", 5),
        ({"0": 7}, "/0", 7),
        ([[3]], "/0/0", 3),
        ({"a": None}, "/a", None),
        (None, "", None),
        ({" ": 1}, "/ ", 1),
    ],
)
def test_a_pointer_is_read_as_the_standard_says(value: Any, pointer: str, expected: Any) -> None:
    assert resolve_pointer(value, pointer) == expected


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"a": None}, "/a/b"),
        ("abc", "/0"),
        ([1], "/1"),
        ([1], "/00"),
        ([1], "/²"),
        ([1], "/\u0660"),
        ([1], "/+0"),
        ([1], "/ 0"),
        ([1], "/"),
        ({}, "/"),
        (True, "/a"),
        (3, "/0"),
        ({"a": 1}, "/A"),
    ],
)
def test_a_pointer_to_nothing_tells_the_pointer_it_was(value: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_pointer(value, pointer)
    assert (caught.value.code, caught.value.where) == ("json.pointer", pointer)


def test_canonical_text_sorts_names_by_their_characters() -> None:
    value: dict[str, Any] = {"b": 1, "a": 2, "B": 3, "é": 4, "🚚": 5, "\uffff": 6, "": 7}
    assert canonical_json(value) == '{"":7,"B":3,"a":2,"b":1,"é":4,"\uffff":6,"🚚":5}'


def test_a_hash_tells_kinds_apart_that_python_calls_equal() -> None:
    values: list[Any] = [1, 1.0, True, "1", [1], {"1": 1}, None, "", [], {}, 0, False, 0.0, -0.0]
    assert len({sha256_of(v) for v in values}) == len(values)
