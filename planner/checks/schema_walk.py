"""A JSON Schema as something to walk into: what it says of one part of a value, as far as that is certain.

`None` stands for "no such part can be". A schema that says nothing certain is
`True`. References are followed within their own schema alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

Part = Mapping[str, Any] | bool
MAX_DEPTH: Final = 24
MOST_BRANCHES: Final = 60
ANY_INDEX: Final = "#"
"""Stands for any element of a list, among a pointer's tokens."""


class Place(NamedTuple):
    """A part of a schema, and the schema its references mean."""

    part: Any
    root: Mapping[str, Any]


ANYTHING: Final = Place(True, {})


class Steps:
    """How much more is looked at: a plan may bring many schemas, and cards ones that lead in circles."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self) -> bool:
        """Take one step; False when there is none left."""
        self.left -= 1
        return self.left > 0


def listed(value: Any) -> list[Any]:
    """Return a list of the schema's, or nothing where there is none."""
    return list(value) if isinstance(value, list | tuple) else []


def named(value: Any) -> Mapping[str, Any]:
    """Return a mapping of the schema's, or nothing where there is none."""
    return value if isinstance(value, Mapping) else {}


def followed(place: Place) -> Place | None:
    """Return what a `$ref` means; None where there is none, or it leads nowhere that is known here."""
    reference = place.part.get("$ref")
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    here: Any = place.root
    for token in reference.split("/")[1:]:
        name = unquote(token).replace("~1", "/").replace("~0", "~")
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    return Place(here, place.root)


def conjuncts(place: Place) -> Iterator[Place]:
    """Yield the schemas a value has to keep beside the part's own words: its reference, `allOf`."""
    target = followed(place)
    if target is not None:
        yield target
    yield from (Place(part, place.root) for part in listed(place.part.get("allOf"))[:MOST_BRANCHES])


def alternatives(place: Place) -> Iterator[list[Place]]:
    """Yield lists of schemas, of each of which a value has to keep at least one."""
    for word in ("anyOf", "oneOf"):
        branches = listed(place.part.get(word))
        if branches and len(branches) <= MOST_BRANCHES:
            yield [Place(part, place.root) for part in branches]


def types_of(part: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the JSON types a schema's own words allow; None where they say nothing."""
    said = part.get("type")
    if isinstance(said, str):
        return frozenset({said})
    return frozenset(t for t in said if isinstance(t, str)) if isinstance(said, list | tuple) else None


def says_null(place: Place) -> bool:
    """Say whether a schema names `null` among what may be there; one that allows anything does not name it."""
    for part in (place.part, getattr(followed(place), "part", None) if named(place.part) else None):
        for one in (part, *(b for word in ("anyOf", "oneOf") for b in listed(named(part).get(word)))):
            values = [named(one).get("const", 0), *listed(named(one).get("enum"))]
            if "null" in (types_of(named(one)) or ()) or None in values:
                return True
    return False


def walk(place: Place, tokens: Sequence[str], steps: Steps) -> Place | None:
    """Return what a schema says of the part a pointer names; None where no such part can be."""
    for token in tokens[:MAX_DEPTH]:
        if place.part is True:
            return ANYTHING
        found = step(place, token, steps)
        if found is None:
            return None
        place = found
    return place if len(tokens) <= MAX_DEPTH else ANYTHING


def step(place: Place, token: str, steps: Steps, *, depth: int = 0) -> Place | None:
    """Return what a schema says of one field or element; None where there can be none."""
    part = place.part
    if part is False:
        return None
    if not isinstance(part, Mapping) or depth > MAX_DEPTH or not steps.spend():
        return ANYTHING
    own = _own_step(part, token)
    if own is None:
        return None
    kept = [] if own is True else [Place(own, place.root)]
    for inner in conjuncts(place):
        found = step(inner, token, steps, depth=depth + 1)
        if found is None:
            return None
        kept += [] if found.part is True else [found]
    for branches in alternatives(place):
        inside = [found for b in branches if (found := step(b, token, steps, depth=depth + 1)) is not None]
        if not inside:
            return None
        if not any(found.part is True for found in inside):
            kept.append(
                inside[0] if len(inside) == 1 else Place({"anyOf": [i.part for i in inside]}, place.root)
            )
    if not kept:
        return ANYTHING
    return kept[0] if len(kept) == 1 else Place({"allOf": [k.part for k in kept]}, place.root)


def _own_step(part: Mapping[str, Any], token: str) -> Part | None:
    """Return what a schema's own words say of a field or an element."""
    types = types_of(part)
    if "const" in part or "enum" in part:
        return _of_values([part["const"]] if "const" in part else listed(part["enum"]), token)
    is_index = token == ANY_INDEX or token.isdigit()
    may_be_list = is_index and (types is None or "array" in types)
    may_be_object = token != ANY_INDEX and (types is None or "object" in types)
    if may_be_list and may_be_object:
        return True
    if may_be_list:
        return _element(part)
    return _field(part, token) if may_be_object else None


def _element(part: Mapping[str, Any]) -> Part | None:
    if part.get("maxItems") == 0:
        return None
    if "prefixItems" in part or not isinstance(part.get("items", True), Mapping | bool):
        return True
    items: Part = part.get("items", True)
    return None if items is False else items


def _field(part: Mapping[str, Any], token: str) -> Part | None:
    properties = named(part.get("properties"))
    if token in properties:
        found: Part = properties[token]
        return None if found is False else found
    if "patternProperties" in part:
        return True
    more = part.get("additionalProperties", True)
    return None if more is False else more if isinstance(more, Mapping) else True


def _of_values(values: Sequence[Any], token: str) -> Part | None:
    if not values:
        return True
    inside: list[Any] = []
    for value in values:
        if isinstance(value, Mapping) and token in value:
            inside.append(value[token])
        elif isinstance(value, list) and (token == ANY_INDEX or token.isdigit()):
            return True
    return {"enum": inside} if inside else None
