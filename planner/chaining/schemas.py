"""What a JSON Schema lets through, roughly: its types, its parts, whether one value or one schema fits another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeGuard

from contracts.jsonvalue import join_pointer

ANY: Final = frozenset({"string", "number", "integer", "boolean", "array", "object"})
MAX_DEPTH: Final = 4
MAX_PARTS: Final = 400


class Part(NamedTuple):
    """One place in what an agent gives."""

    pointer: str
    schema: Mapping[str, Any]
    each: str | None
    """Pointer of the list that the place is in, once for each element; `pointer` is then into the element."""


def properties_of(schema: Any) -> Mapping[str, Any]:
    """Return a schema's properties, those of its alternatives among them."""
    if not isinstance(schema, Mapping):
        return {}
    found = dict(schema["properties"]) if isinstance(schema.get("properties"), Mapping) else {}
    for choice in _choices(schema):
        inner = choice.get("properties")
        if isinstance(inner, Mapping):
            found = {**inner, **found}
    return found


def types_of(schema: Any) -> frozenset[str]:
    """Return the JSON types a schema lets through, null aside; all of them where it does not say."""
    if not isinstance(schema, Mapping):
        return ANY
    said = schema.get("type")
    if isinstance(said, str):
        return frozenset({said}) - {"null"}
    if isinstance(said, Sequence):
        return frozenset(str(s) for s in said) - {"null"}
    if isinstance(schema.get("enum"), Sequence):
        return frozenset(type_of(v) for v in schema["enum"])
    choices = list(_choices(schema))
    if choices and all("type" in c or "$ref" in c or "enum" in c for c in choices):
        return frozenset().union(*(types_of(c) if "$ref" not in c else ANY for c in choices))
    return frozenset({"object"}) if "properties" in schema else ANY


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def fits(schema: Any, value: Any) -> bool:
    """Say whether a value looks like one a schema lets through: its type, its length, its pattern, its choices."""
    types = types_of(schema)
    mine = type_of(value)
    if mine not in types and not (mine == "integer" and "number" in types):
        return False
    if not isinstance(schema, Mapping):
        return True
    if isinstance(schema.get("enum"), Sequence) and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        return _fits_text(schema, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        return not ((_is_number(low) and value < low) or (_is_number(high) and value > high))
    if isinstance(value, list) and value:
        return fits(schema.get("items", {}), value[0])
    return True


def flows(given: Any, taken: Any) -> bool:
    """Say whether what one schema describes may be what another takes."""
    have, want = types_of(given), types_of(taken)
    if not (have & want or ("integer" in have and "number" in want)):
        return False
    both_lists = have == {"array"} and want == {"array"}
    return not both_lists or flows(_items(given), _items(taken))


def parts_of(schema: Mapping[str, Any]) -> Iterator[Part]:
    """Yield every place in what a schema describes: whole, by property, and within lists of objects."""
    count = 0
    waiting: list[tuple[str, Any, str | None, int]] = [("", schema, None, 0)]
    while waiting and count < MAX_PARTS:
        pointer, found, each, depth = waiting.pop(0)
        found = resolved(found, schema)
        count += 1
        yield Part(pointer, found, each)
        if depth >= MAX_DEPTH:
            continue
        for name, inner in properties_of(found).items():
            waiting.append((pointer + join_pointer(name), inner, each, depth + 1))
        if each is None and types_of(found) == {"array"}:
            waiting.append(("", _items(found), pointer, depth + 1))


def resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema, followed where it only points into its root's definitions."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping):
            return {}
        choices = [c for c in _choices(schema) if c.get("type") != "null"]
        if "$ref" not in schema and len(choices) == 1 and "type" not in schema:
            schema = choices[0]
        if "$ref" not in schema:
            return dict(schema)
        found: Any = root
        for token in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(token, {}) if isinstance(found, Mapping) else {}
        schema = found
    return {}


def _items(schema: Any) -> Any:
    return schema.get("items", {}) if isinstance(schema, Mapping) else {}


def _choices(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for word in ("anyOf", "oneOf", "allOf"):
        found = schema.get(word)
        if isinstance(found, Sequence) and not isinstance(found, str):
            yield from (c for c in found if isinstance(c, Mapping))


def _fits_text(schema: Mapping[str, Any], value: str) -> bool:
    low, high, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if (_is_number(low) and len(value) < low) or (_is_number(high) and len(value) > high):
        return False
    return not isinstance(pattern, str) or is_like(pattern, value)


def is_like(pattern: str, value: str) -> bool:
    """Say whether a text matches a card's pattern; one that may take long to try is not tried."""
    if len(pattern) > 200 or len(value) > 200 or re.search(r"[*+}]\)?[*+{]|\([^)]*[*+][^)]*\)[*+{]", pattern):
        return True
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
