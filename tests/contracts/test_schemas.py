"""Schemas from plans and manifests: checked as the standard says, bounded, and never a way out."""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.errors import InvalidInput
from contracts.jsonvalue import resolve_pointer
from contracts.schemas import MAX_MESSAGE, Checker

ORDER = Checker(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["n"],
        "properties": {
            "n": {"type": "integer", "maximum": 5},
            "s": {"maxLength": 3},
            "a/b": {"items": {"type": "string"}},
            "~": {"properties": {" ": {"const": 1}}},
        },
    }
)


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ({"n": 1}, []),
        ({"n": 5, "s": "é🚚ü", "a/b": [], "~": {}}, []),
        ({}, [""]),
        ([], [""]),
        ({"n": 6}, ["/n"]),
        ({"n": 10**30}, ["/n"]),
        ({"n": True}, ["/n"]),
        ({"n": "1"}, ["/n"]),
        ({"n": 1, "s": "abcd"}, ["/s"]),
        ({"n": 1, "a/b": ["x", 3, None]}, ["/a~1b/1", "/a~1b/2"]),
        ({"n": 1, "~": {" ": 2}}, ["/~0/ "]),
        ({"n": 1, "z": 1}, [""]),
        ({"n": 9, "s": "abcd", "y": 1}, ["", "/n", "/s"]),
    ],
)
def test_every_problem_is_told_at_its_own_pointer(value: Any, places: list[str]) -> None:
    assert sorted(pointer for pointer, _ in ORDER.problems(value)) == places


def test_the_first_problem_is_one_of_all_and_none_when_there_is_none() -> None:
    wrong: Any = {"n": 9, "s": "abcd"}
    assert ORDER.first(wrong) in list(ORDER.problems(wrong))
    assert ORDER.first({"n": 1}) is None


def test_a_problem_says_what_was_found_and_what_was_wanted() -> None:
    assert list(ORDER.problems({"n": 9, "s": "abcd", "y": 1})) == snapshot(
        [
            ("/n", "9 is greater than the maximum of 5"),
            ("/s", '"abcd" is longer than 3 characters'),
            ("", "Additional properties are not allowed ('y' was unexpected)"),
        ]
    )


@pytest.mark.parametrize("size", [400, 1_000_000])
def test_a_long_value_is_told_by_its_two_ends(size: int) -> None:
    (problem,) = Checker({"type": "integer"}).problems("<" + "x" * size + ">")
    assert len(problem[1]) <= MAX_MESSAGE + 3
    assert problem[1].startswith('"<xxx')
    assert problem[1].endswith('xxx>" is not of type "integer"')


def test_many_problems_are_told_one_by_one_so_that_a_reader_may_stop() -> None:
    found = Checker({"items": {"type": "string"}}).problems([0] * 10_000)
    assert [next(found)[0] for _ in range(3)] == ["/0", "/1", "/2"]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 1.0, 1.5),
        ({"type": "number"}, 1, True),
        ({"const": 1}, 1.0, True),
        ({"enum": [0, False]}, False, None),
        ({"uniqueItems": True}, [1, "1", True], [1, 1.0]),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 2}], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        ({"multipleOf": 0.01}, 0.07, 0.075),
        ({"maximum": 10**25}, 10**25, 10**25 + 1),
        ({"minLength": 2}, "🚚🚚", "🚚"),
        ({"pattern": "^a.c$"}, "abc", "abcd"),
        ({"pattern": "b"}, "abc", "acd"),
        ({"pattern": r"^\d+$"}, "12", "1x"),
        ({"$defs": {"x": {"type": "null"}}, "$ref": "#/$defs/x"}, None, 0),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1]),
        ({"dependentRequired": {"a": ["b"]}}, {"b": 1}, {"a": 1}),
        ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}),
        ({"contains": {"const": 1}, "minContains": 2}, [1, 1, 0], [1, 0]),
        ({"if": {"const": 1}, "then": False}, 2, 1),
        ({"not": {"const": 1}}, 2, 1),
        ({"unevaluatedProperties": False, "properties": {"a": True}}, {"a": 1}, {"b": 1}),
    ],
)
def test_a_schema_means_what_the_2020_draft_says(schema: Any, good: Any, bad: Any) -> None:
    assert Checker(schema).first(good) is None
    assert Checker(schema).first(bad) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"type": 7},
        {"properties": []},
        {"required": "a"},
        {"minimum": "x"},
        {"pattern": 3},
        {"pattern": "("},
        {"pattern": "(?=a)b"},
        {"pattern": r"(a)\1"},
        {"pattern": "(a{1000}){1000}"},
        {"$ref": "#/$defs/gone"},
        {"$ref": "other.json"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "http://127.0.0.1:9/x"},
        {"$dynamicRef": "https://127.0.0.1:9/x"},
        {"$id": "http://127.0.0.1:9/x", "$ref": "y"},
        {"items": {"allOf": [{"properties": {"x": {"$ref": "urn:other"}}}]}},
    ],
)
def test_what_is_no_schema_or_points_elsewhere_is_refused_by_code(schema: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        Checker(schema)
    assert caught.value.code == "schema.invalid"
    assert caught.value.message.startswith("no usable JSON Schema: ")
    assert len(caught.value.message) < MAX_MESSAGE + 40


@pytest.mark.parametrize("name", ["$ref", "$dynamicRef"])
def test_a_schema_on_this_very_disk_is_never_opened(tmp_path: Path, name: str) -> None:
    beside = tmp_path / "beside.json"
    beside.write_text('{"type": "string"}')
    with pytest.raises(InvalidInput) as caught:
        Checker({name: beside.as_uri()})
    assert caught.value.code == "schema.invalid"


def test_a_schema_too_deep_to_read_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(300):
        schema = {"items": schema}
    with pytest.raises(InvalidInput, match="no usable JSON Schema"):
        Checker(schema)


def test_a_huge_faulty_schema_is_refused_in_few_words() -> None:
    with pytest.raises(InvalidInput) as caught:
        Checker({"properties": {"x" * 1_000_000: {"type": "y" * 1_000_000}}})
    assert len(caught.value.message) < MAX_MESSAGE + 40


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 30_000 + "!"),
        ("^(a|a)*$", "a" * 30_000 + "!"),
        ("(.*)*x", "y" * 30_000),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 30_000),
    ],
)
def test_no_pattern_can_make_a_text_take_long(pattern: str, text: str) -> None:
    began = time.process_time()
    assert Checker({"pattern": pattern}).first(text) is not None
    assert time.process_time() - began < 20


def test_a_schema_that_names_itself_ends_with_the_value() -> None:
    tree = Checker({"type": "object", "additionalProperties": {"$ref": "#"}})
    assert tree.first({"a": {"b": {}}}) is None
    assert tree.first({"a": {"b": 1}}) == ("/a/b", '1 is not of type "object"')


def test_a_checker_keeps_its_schema_when_the_callers_changes() -> None:
    schema: dict[str, Any] = {"type": "string"}
    checker = Checker(MappingProxyType(schema))
    schema["type"] = "integer"
    assert checker.first("x") is None


def test_formats_are_words_and_no_checks() -> None:
    assert Checker({"format": "date"}).first("no date") is None


PARTS = st.sampled_from(
    [{"type": "integer"}, {"type": ["string", "null"]}, {"minimum": 2}, {"maxLength": 1}, {"const": 1}, {"enum": ["a", 0]}]
)  # fmt: skip
SCHEMAS = st.recursive(
    PARTS,
    lambda inner: (
        st.builds(lambda s: {"items": s}, inner)
        | st.builds(lambda s: {"not": s}, inner)
        | st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner)
        | st.builds(lambda a, b: {"allOf": [a, b]}, inner, inner)
        | st.builds(lambda s: {"properties": {"a": s}, "required": ["a"]}, inner)
        | st.builds(lambda s: {"properties": {"b": True}, "additionalProperties": s}, inner)
    ),
    max_leaves=4,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 2.5, "", "a", "bc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80)
@given(SCHEMAS, VALUES)
def test_the_verdict_is_an_independent_validators_and_each_pointer_is_real(schema: Any, value: Any) -> None:
    told = list(Checker(schema).problems(value))
    assert (not told) == jsonschema.Draft202012Validator(schema).is_valid(value)
    for pointer, message in told:
        resolve_pointer(value, pointer)
        assert message


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["type", "items", "properties", "enum", "$ref", "pattern", "minimum"]), VALUES
    )
)
def test_any_object_is_a_schema_or_refused_by_code(schema: Any) -> None:
    with suppress(InvalidInput):
        list(Checker(schema).problems(schema))


def test_the_first_problem_is_told_without_looking_for_the_others() -> None:
    checker = Checker({"items": {"type": "string"}})
    began = time.perf_counter()

    assert checker.first([1] * 500_000) == ("/0", '1 is not of type "string"')

    assert time.perf_counter() - began < 30, "half a million problems were looked for"


@pytest.mark.parametrize("place", [3, 99_000])
def test_the_first_problem_of_a_long_value_is_told_at_its_place(place: int) -> None:
    value: Any = [{"a": "x"} for _ in range(100_000)]
    value[place]["a"] = 1
    found = Checker({"items": {"properties": {"a": {"type": "string"}}}}).first(value)
    assert found is not None
    assert found[0] == f"/{place}/a"


def test_a_problem_at_the_beginning_of_a_long_value_is_told_in_little_memory() -> None:
    value: Any = [{"op": "x"}] * 300_000
    checker = Checker({"oneOf": [{"type": "string"}, {"maxItems": 5}]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert checker.first(value) is not None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_each_fault_names_the_word_of_the_schema_that_found_it() -> None:
    schema = {"required": ["a"], "properties": {"b": {"type": "string"}}, "additionalProperties": False}
    found = {(f.pointer, f.keyword) for f in Checker(schema).faults({"b": 1, "c": 2})}
    assert found == {("", "required"), ("/b", "type"), ("", "additionalProperties")}
