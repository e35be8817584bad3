"""What a schema lets through is told roughly, and never wrongly refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.chaining.schemas import ANY, fits, flows, is_like, parts_of, resolved, types_of


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({}, ANY),
        ({"type": "string"}, {"string"}),
        ({"type": ["number", "null"]}, {"number"}),
        ({"enum": ["a", 1]}, {"string", "integer"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"string"}),
        ({"properties": {}}, {"object"}),
        (True, ANY),
    ],
)
def test_the_types_of_a_schema_leave_null_aside(schema: Any, types: set[str]) -> None:
    assert types_of(schema) == types


@pytest.mark.parametrize(
    ("schema", "value", "does"),
    [
        ({"type": "number"}, 3, True),
        ({"type": "integer"}, 3.5, False),
        ({"type": "string", "minLength": 3}, "ab", False),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "EUR", True),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "euro", False),
        ({"enum": ["md5"]}, "sha1", False),
        ({"type": "integer", "maximum": 5}, 9, False),
        ({"type": "array", "items": {"type": "number"}}, ["a"], False),
        ({"type": "array", "items": {"type": "number"}}, [], True),
    ],
)
def test_a_value_fits_by_type_length_pattern_and_choice(schema: Any, value: Any, *, does: bool) -> None:
    assert fits(schema, value) is does


@pytest.mark.parametrize(
    ("given", "taken", "does"),
    [
        ({"type": "integer"}, {"type": "number"}, True),
        ({"type": "number"}, {"type": "integer"}, False),
        ({"type": "string"}, {"type": "number"}, False),
        ({}, {"type": "number"}, True),
        ({"type": "array", "items": {"type": "object"}}, {"type": "array", "items": {"type": "string"}}, False),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}, True),
    ],
)  # fmt: skip
def test_what_is_given_flows_where_some_type_is_shared(given: Any, taken: Any, *, does: bool) -> None:
    assert flows(given, taken) is does


def test_places_are_told_whole_by_property_and_by_element() -> None:
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}}},
        "$defs": {"Row": {"type": "object", "properties": {"price": {"type": "number"}}}},
    }
    assert [(p.each, p.pointer) for p in parts_of(schema)] == [
        (None, ""),
        (None, "/rows"),
        ("/rows", ""),
        ("/rows", "/price"),
    ]


def test_a_reference_that_goes_in_circles_ends() -> None:
    root: dict[str, Any] = {"$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert resolved({"$ref": "#/$defs/a"}, root) == {}


def test_a_pattern_that_may_take_long_is_not_tried() -> None:
    assert is_like(r"^(a+)+$", "a" * 60 + "!")


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "enum", "a"]),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    )
)
def test_any_json_taken_for_a_schema_is_survived(schema: Any) -> None:
    types_of(schema)
    fits(schema, "x")
    flows(schema, {"type": "string"})
    list(parts_of(schema if isinstance(schema, dict) else {}))
