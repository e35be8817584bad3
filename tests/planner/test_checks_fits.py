"""Two schemas held against each other: what can never fit is said, and nothing else."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.checks.fits import Fits, described
from planner.checks.schema_walk import ANY_INDEX, Place, Steps, walk

STRING: dict[str, Any] = {"type": "string"}
CLOSED = {"type": "object", "properties": {"a": STRING}, "additionalProperties": False}


def place(schema: Any) -> Place:
    return Place(schema, schema if isinstance(schema, dict) else {})


def why(given_: Any, wanted: Any) -> str | None:
    return Fits(Steps(100_000)).why_not(place(given_), place(wanted))


@pytest.mark.parametrize(
    ("gives", "takes"),
    [
        (STRING, {}),
        ({}, STRING),
        (True, STRING),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": ["string", "null"]}, STRING),
        (STRING, {"anyOf": [STRING, {"type": "null"}]}),
        ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}),
        ({"const": 2.0}, {"type": "integer"}),
        ({"oneOf": [{"type": "array"}, STRING]}, STRING),
        ({"type": "array"}, {"type": "array", "items": STRING}),
        (CLOSED, {"type": "object", "required": ["a"]}),
        ({"type": "object"}, {"type": "object", "required": ["b"]}),
        ({"type": "null"}, STRING),
        ({"const": None}, STRING),
        (STRING, {"pattern": "^never$", "not": {}, "format": "date"}),
        ({"$ref": "https://elsewhere.test/a"}, {"type": "array"}),
        ({"$ref": "#/$defs/gone"}, {"type": "array"}),
        ({"type": "array", "prefixItems": [STRING]}, {"type": "array", "items": {"type": "array"}}),
    ],
)
def test_what_may_fit_is_let_pass(gives: Any, takes: Any) -> None:
    assert why(gives, takes) is None


@pytest.mark.parametrize(
    ("gives", "takes", "words"),
    [
        (STRING, {"type": "array"}, "a string is never a list"),
        ({"type": ["string", "null"]}, {"type": ["array", "null"]}, "a string is never a list"),
        (
            {"anyOf": [STRING, {"type": "null"}]},
            {"anyOf": [{"type": "array"}, {"type": "null"}]},
            "never a list",
        ),
        ({"enum": ["a"]}, {"enum": ["b", "c"]}, '"a" is none of "b", "c"'),
        ({"const": "a"}, {"type": "integer"}, '"a" is never an integer'),
        ({"const": 2.5}, {"type": "integer"}, "2.5 is never an integer"),
        ({"const": 9}, {"type": "integer", "maximum": 5}, "9 is never"),
        (STRING, {"enum": [1, 2]}, "never 1, 2"),
        (CLOSED, {"type": "object", "required": ["b"]}, "it has no 'b'"),
        ({"type": "object", "required": ["b"]}, CLOSED, "its 'b' is not taken"),
        (
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "array"}}},
            CLOSED,
            "its 'a': a list is never a string",
        ),
        ({"type": "array", "items": {"type": "object"}}, {"type": "array", "items": STRING}, "its elements"),
        ({"oneOf": [{"type": "array"}, {"type": "object"}]}, STRING, "never a string"),
        ({"allOf": [{}, {"type": "array"}]}, STRING, "never a string"),
        (STRING, {"allOf": [{"type": "array"}]}, "never a list"),
        (
            {"type": "array", "minItems": 3},
            {"type": "array", "maxItems": 2},
            "3 elements at least, 2 at most",
        ),
        ({"type": "string", "maxLength": 2}, {"type": "string", "minLength": 3}, "characters"),
        ({"type": "number", "minimum": 5}, {"type": "integer", "maximum": 4}, "5 at least, 4 at most"),
        ({"$defs": {"x": STRING}, "$ref": "#/$defs/x"}, {"type": "array"}, "a string is never a list"),
        (STRING, {"$defs": {"a~/b": {"type": "array"}}, "$ref": "#/$defs/a~0~1b"}, "never a list"),
        (False, STRING, "nothing can be there"),
    ],
)
def test_what_never_fits_is_told_with_the_reason(gives: Any, takes: Any, words: str) -> None:
    found = why(gives, takes)
    assert found is not None
    assert words in found


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from(["", "a", "abc", 1.5]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=4,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
LEAVES = st.one_of(
    st.booleans(),
    st.builds(lambda t: {"type": t}, TYPES),
    st.builds(lambda v: {"const": v}, VALUES),
    st.builds(lambda v: {"enum": v}, st.lists(VALUES, min_size=1, max_size=3)),
)


def _object(properties: Any, required: Any, more: Any) -> Any:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": more}


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda w, b: {w: b},
            st.sampled_from(["anyOf", "oneOf", "allOf"]),
            st.lists(inner, min_size=1, max_size=2),
        ),
        st.builds(lambda i: {"type": "array", "items": i}, inner),
        st.builds(
            _object,
            st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
            st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
            inner,
        ),
    ),
    max_leaves=5,
)


def says_nothing(value: Any) -> bool:
    """Say whether null or an empty list is anywhere in a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or value == [] or any(map(says_nothing, inside))


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=5, max_size=15))
def test_no_value_keeps_two_schemas_that_are_said_not_to_fit(one: Any, other: Any, values: list[Any]) -> None:
    if why(one, other) is None:
        return
    keeps = [jsonschema.Draft202012Validator(schema) for schema in (one, other)]
    assert not [v for v in values if not says_nothing(v) and all(k.is_valid(v) for k in keeps)]


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, st.lists(VALUES, min_size=5, max_size=15))
def test_what_is_in_a_value_is_where_its_schema_says_it_may_be(schema: Any, values: list[Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    for value in values:
        if not isinstance(value, dict | list) or not validator.is_valid(value):
            continue
        for token, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found = walk(place(schema), [str(token)], Steps(10_000))
            assert found is not None
            assert jsonschema.Draft202012Validator(found.part).is_valid(inner)


@pytest.mark.parametrize(
    ("schema", "tokens", "expected"),
    [
        (CLOSED, ["a"], STRING),
        (CLOSED, ["b"], None),
        (CLOSED, ["a", "x"], None),
        ({"type": "object"}, ["b"], True),
        ({"type": "object", "additionalProperties": STRING}, ["7"], STRING),
        ({"type": "object", "patternProperties": {"^x": STRING}, "additionalProperties": False}, ["b"], True),
        ({"type": "array", "items": STRING}, ["0"], STRING),
        ({"type": "array", "items": STRING}, [ANY_INDEX], STRING),
        ({"type": "array", "items": STRING}, ["a"], None),
        ({"type": "array", "maxItems": 0}, ["0"], None),
        ({"type": "string"}, ["a"], None),
        ({"const": {"a": 1}}, ["a"], {"enum": [1]}),
        ({"const": {"a": 1}}, ["b"], None),
        ({"oneOf": [CLOSED, {"type": "array"}]}, ["a"], STRING),
        ({"oneOf": [CLOSED, {"type": "array"}]}, ["b"], None),
        ({"allOf": [CLOSED, {"type": "object"}]}, ["b"], None),
        ({"$defs": {"me": CLOSED}, "$ref": "#/$defs/me"}, ["a"], STRING),
        ({"$defs": {"me": CLOSED}, "$ref": "#/$defs/me"}, ["b"], None),
    ],
)
def test_a_pointer_leads_into_a_schema_or_nowhere(schema: Any, tokens: list[str], expected: Any) -> None:
    found = walk(place(schema), tokens, Steps(1_000))
    assert (None if found is None else found.part) == expected


def test_schemas_that_lead_in_circles_end() -> None:
    circle = {"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "allOf": [{"$ref": "#"}]}
    steps = Steps(20_000)
    assert Fits(steps).why_not(place(circle), place(circle)) is None
    assert walk(place(circle), ["a"] * 20, steps) is not None
    assert steps.left >= -100


def test_a_spent_budget_lets_everything_pass() -> None:
    fits = Fits(Steps(3))
    assert fits.why_not(place(STRING), place({"type": "array"})) is not None
    assert fits.why_not(place(STRING), place({"type": "array"})) is None


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (STRING, "a string"),
        ({"type": ["array", "null"]}, "a list or null"),
        ({"anyOf": [{"type": "integer"}, {"type": "object"}]}, "an integer or an object"),
        ({"enum": ["a", 1]}, '"a" or 1'),
        ({"const": "x" * 100}, '"' + "x" * 39),
        ({}, "anything"),
        (True, "anything"),
    ],
)
def test_a_schema_is_described_in_a_few_words(schema: Any, words: str) -> None:
    assert described(schema) == words
