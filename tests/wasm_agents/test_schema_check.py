"""The guest schema_check against a validator of the whole standard, on the keywords it knows."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tests.wasm_agents.shipped import answers_in_an_envelope, ask, refusal, shipped
from wasm_agents.guest import Guest

NAMES = st.sampled_from(["a", "b", "c/~d", ""])
NUMBERS = st.integers(-5, 5) | st.sampled_from([0.5, 1.0, 2.50, -1.5, 1e3, 0.01, 19.99])
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(["", "a", "abc", "é😀"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
COUNTS = st.integers(0, 3)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def _keywords(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(schemas, min_size=1, max_size=3)
    by_name = st.dictionaries(NAMES, schemas, max_size=3)
    names = st.lists(NAMES, max_size=2, unique=True)
    counted = [
        f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties", "Contains")
    ]
    known: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "multipleOf": st.sampled_from([1, 2, 0.5, 2.5]),
        "uniqueItems": st.booleans(),
        "required": names,
        "dependentRequired": st.dictionaries(NAMES, names, max_size=2),
        "$ref": st.sampled_from(["#/$defs/x", "#/$defs/y~1~0"]),
        **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], NUMBERS),
        **dict.fromkeys(counted, COUNTS),
        **dict.fromkeys(["allOf", "anyOf", "oneOf", "prefixItems"], several),
        **dict.fromkeys(["properties", "dependentSchemas"], by_name),
        **dict.fromkeys(["items", "contains", "additionalProperties", "propertyNames"], schemas),
        **dict.fromkeys(["not", "if", "then", "else"], schemas),
    }
    return st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: known[keyword] for keyword in chosen})
    )


SCHEMAS = st.recursive(st.booleans() | st.builds(lambda t: {"type": t}, TYPES), _keywords, max_leaves=6)


@pytest.fixture(scope="module")
def schema_check() -> Iterator[Guest]:
    with shipped("schema_check") as guest:
        yield guest


@settings(max_examples=400, deadline=None)
@given(schema=_keywords(SCHEMAS), x=TYPES, y=SCALARS, value=VALUES)
def test_it_judges_as_the_standard_does(
    schema_check: Guest, schema: dict[str, Any], x: str, y: Any, value: Any
) -> None:
    whole = schema | {"$defs": {"x": {"type": x}, "y/~": {"const": y}}}
    found = ask(schema_check, {"schema": whole, "value": value})
    assert found["valid"] == jsonschema_rs.Draft202012Validator(whole).is_valid(value)
    assert bool(found["errors"]) == (not found["valid"])


def test_errors_name_the_place_the_keyword_and_the_reason(schema_check: Guest) -> None:
    schema = {
        "type": "object",
        "required": ["title", "seller"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string", "minLength": 3},
            "prices": {"type": "array", "items": {"type": ["integer", "null"], "exclusiveMinimum": 0}, "uniqueItems": True},
            "kind": {"enum": ["car", "truck"]},
            "when": {"type": "string", "format": "date"},
        },
    }  # fmt: skip
    value = {"title": "F", "prices": [1, -2, 1.5, 1.0], "kind": "boat", "a/b": 1, "when": "soon"}
    assert ask(schema_check, {"schema": schema, "value": value}) == snapshot(
        {
            "valid": False,
            "errors": [
                {"pointer": "", "keyword": "required", "message": "'seller' is missing"},
                {"pointer": "/a~1b", "keyword": "false", "message": "nothing is allowed here"},
                {
                    "pointer": "/title",
                    "keyword": "minLength",
                    "message": "1 characters, at least 3 are allowed",
                },
                {"pointer": "/prices/1", "keyword": "exclusiveMinimum", "message": "-2 is not above 0"},
                {"pointer": "/prices/2", "keyword": "type", "message": "1.5 is no integer or null"},
                {"pointer": "/prices", "keyword": "uniqueItems", "message": "items 0 and 3 are the same"},
                {"pointer": "/kind", "keyword": "enum", "message": '"boat" is none of the 2 values allowed'},
            ],
            "complete": True,
            "unchecked": ["format"],
        }
    )


@pytest.mark.parametrize(
    ("schema", "value", "valid"),
    [
        ({"multipleOf": 0.01}, 19.99, True),
        ({"multipleOf": 0.01}, 19.995, False),
        ({"type": "integer"}, 1e2, True),
        ({"const": 10**60}, 10**60 + 1, False),
        ({"maximum": 0.1}, 0.1, True),
        ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}], False),
        ({"maxLength": 1}, "😀", True),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "x-note": 1}, 1, True),
        ({"$ref": "#/%24defs/a%20b", "$defs": {"a b": False}}, 1, False),
    ],
)
def test_numbers_are_exact_and_texts_are_counted_in_characters(
    schema_check: Guest, *, schema: Any, value: Any, valid: bool
) -> None:
    assert ask(schema_check, {"schema": schema, "value": value})["valid"] is valid


@pytest.mark.parametrize(
    ("schema", "code", "said"),
    [
        ({"pattern": "a"}, "unknown_keyword", "the keyword 'pattern' is not checked here, so nothing is"),
        ({"patternProperties": {}}, "unknown_keyword", "patternProperties"),
        ({"not": {"unevaluatedItems": False}}, "unknown_keyword", "unevaluatedItems"),
        ({"requierd": ["a"]}, "unknown_keyword", "requierd"),
        ({"type": "strin"}, "bad_schema", "type names what is no JSON type"),
        ({"items": [True]}, "bad_schema", "items is no schema"),
        ({"anyOf": []}, "bad_schema", "anyOf is no list of schemas"),
        ({"multipleOf": 0}, "bad_schema", "multipleOf is not above 0"),
        ({"minLength": -1}, "bad_schema", "minLength is no whole number"),
        ({"required": "a"}, "bad_schema", "required is no list of strings"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "bad_schema", "another dialect"),
        ({"items": {"$id": "x"}}, "bad_schema", "$id may stand at the root only"),
        ({"$ref": "https://example.com/s"}, "bad_ref", "leads to no schema in this one"),
        ({"$ref": "#/$defs/x"}, "bad_ref", "leads to no schema in this one"),
        ({"$ref": "#/const", "const": {"type": "x"}}, "bad_ref", "leads to no schema in this one"),
        ({"$ref": "#"}, "ref_cycle", "leads back to itself"),
        (5, "bad_schema", "the schema is no schema"),
    ],
)
def test_a_schema_it_cannot_check_is_refused(schema_check: Guest, schema: Any, code: str, said: str) -> None:
    found, message = refusal(schema_check, {"schema": schema, "value": 1})
    assert found == code
    assert said in message


def test_a_schema_that_doubles_its_work_is_stopped(schema_check: Guest) -> None:
    defs: dict[str, Any] = {"d0": {"type": "null"}}
    defs |= {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i - 1}"}] * 2} for i in range(1, 29)}
    found = refusal(schema_check, {"schema": {"$ref": "#/$defs/d28", "$defs": defs}, "value": 1})
    assert found == ("too_much_work", "the check takes more than 3000000 steps")


def test_a_recursive_schema_follows_the_value_as_deep_as_it_goes(schema_check: Guest) -> None:
    schema = {"type": "object", "additionalProperties": {"allOf": [{"$ref": "#"}]}}
    value: Any = {}
    for _ in range(60):
        value = {"a": value}
    assert ask(schema_check, {"schema": schema, "value": value})["valid"] is True
    for _ in range(60):
        value = {"a": value}
    assert refusal(schema_check, {"schema": schema, "value": value})[0] == "too_deep"


def test_more_errors_than_asked_for_are_left_out_and_said_so(schema_check: Guest) -> None:
    found = ask(schema_check, {"schema": {"items": False}, "value": [1, 2, 3], "max_errors": 2})
    assert (len(found["errors"]), found["complete"]) == (2, False)


def test_a_megabyte_of_values_is_checked_within_the_limits(schema_check: Guest) -> None:
    rows = [{"id": i, "name": f"lot {i}", "tags": ["a", "b"], "price": i * 1.5} for i in range(18_000)]
    row = {
        "type": "object",
        "required": ["id", "name"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "integer"},
            "name": {"minLength": 1},
            "tags": {"uniqueItems": True},
            "price": {},
        },
    }
    asked = {"schema": {"type": "array", "items": row, "uniqueItems": True}, "value": rows}
    assert ask(schema_check, asked)["valid"] is True


@settings(max_examples=150, deadline=None)
@given(schema=VALUES | SCHEMAS, value=VALUES)
def test_no_schema_makes_the_guest_trap(schema_check: Guest, schema: Any, value: Any) -> None:
    assert answers_in_an_envelope(schema_check, json.dumps({"schema": schema, "value": value}).encode())


@pytest.mark.parametrize(
    "data", [b"", b"[", b"[" * 200_000, b'{"a":"\\ud800"}', b"1" * 100_000, b"\xff", b'{"a":1,"a":2}']
)
@pytest.mark.parametrize("name", ["schema_check", "table", "template", "convert"])
def test_bytes_that_are_no_input_are_answered_with_an_error(name: str, data: bytes) -> None:
    with shipped(name) as guest:
        assert answers_in_an_envelope(guest, data)
