"""A schema is refused before it can keep whoever checks by it busy for ever."""

from typing import Any

import pytest

from contracts.errors import InvalidInput
from contracts.schema_cost import is_costly
from contracts.schemas import Checker

TREE: dict[str, Any] = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
ANY_JSON: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "object", "additionalProperties": {"$ref": "#"}},
    ]
}


def chain(length: int, link: Any) -> dict[str, Any]:
    """Return a schema of so many links, each made of what leads to the next."""
    parts = {f"d{n}": link({"$ref": f"#/$defs/d{n + 1}"}) for n in range(length)}
    return {"$defs": parts | {f"d{length}": True}, "$ref": "#/$defs/d0"}


LINKS = {
    "all of both": lambda to: {"allOf": [to, to]},
    "any of both": lambda to: {"anyOf": [to, to]},
    "one of both": lambda to: {"oneOf": [to, to]},
    "a condition": lambda to: {"if": to, "then": to},
    "not, and all of": lambda to: {"not": to, "allOf": [to]},
    "what depends": lambda to: {"dependentSchemas": {"a": to, "b": to}},
    "every item, twice": lambda to: {"allOf": [{"items": to}, {"items": to}]},
    "an item and every item": lambda to: {"items": to, "contains": to},
    "a property and all that match": lambda to: {"properties": {"a": to}, "patternProperties": {"a": to}},
    "the first item, twice": lambda to: {"allOf": [{"prefixItems": [to]}, {"prefixItems": [to]}]},
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_references_that_multiply_each_other_are_refused(link: Any) -> None:
    assert not is_costly(chain(8, link))
    with pytest.raises(InvalidInput, match="multiply each other") as refused:
        Checker(chain(60, link))
    assert refused.value.code == "schema.invalid"


def test_anchors_and_ids_hide_nothing() -> None:
    named = chain(40, lambda to: {"allOf": [to, to]})
    for number in range(40):
        named["$defs"][f"d{number}"] = {
            "$anchor": f"a{number}",
            "allOf": [{"$ref": f"#a{number + 1}"}, {"$dynamicRef": f"#a{number + 1}"}],
        }
    named["$defs"]["d40"] = {"$anchor": "a40"}

    assert is_costly(named)
    assert is_costly(
        {"$defs": {"in": chain(40, LINKS["all of both"]) | {"$id": "http://a/in"}}, "$ref": "in"}
    )


@pytest.mark.parametrize(
    "schema", [TREE, ANY_JSON, {"$ref": "#"}, {"allOf": [True, {"$ref": "#/nowhere"}]}, True]
)
def test_schemas_that_lead_back_to_themselves_are_fine(schema: Any) -> None:
    assert not is_costly(schema)


def test_a_schema_that_refers_to_nothing_may_be_as_large_as_it_likes() -> None:
    assert not is_costly({"properties": {f"p{n}": {"type": "string"} for n in range(30_000)}})


def test_too_many_parts_that_refer_to_others_are_not_counted_but_refused() -> None:
    assert is_costly({"properties": {f"p{n}": {"$ref": "#/$defs/a"} for n in range(20_001)}})
    assert is_costly({"allOf": [{"$id": f"http://a/{n}"} for n in range(51)], "$ref": "#"})
