"""Whether anything one schema describes can ever be what another one asks for.

"No" is certain, but for `null` and the empty list: they say that there is
nothing, so two schemas that share nothing else do not fit. What is not
understood here (patterns, formats, `not`, `if`, references elsewhere) fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from contracts.jsonvalue import canonical_json
from planner.checks.schema_walk import (
    MAX_DEPTH,
    MOST_BRANCHES,
    Place,
    Steps,
    alternatives,
    conjuncts,
    listed,
    named,
    types_of,
)

MOST_STEPS: Final = 400_000
"""Pairs of schemas looked at for one plan; with more, everything fits."""
MOST_STEPS_OF_A_PAIR: Final = 5_000
MOST_ENUM: Final = 200
_RANGES: Final = (
    ("minItems", "maxItems", frozenset({"array"}), "elements "),
    ("minLength", "maxLength", frozenset({"string"}), "characters "),
    ("minimum", "maximum", frozenset({"integer", "number"}), ""),
)
_WORDS: Final = {"array": "a list", "object": "an object", "integer": "an integer", "null": "null"}


class Fits:
    """Holds schemas against each other.

    Args:
        steps: What may be looked at in all.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self._end = 0
        self._under_way: set[tuple[int, int]] = set()

    def why_not(self, given: Place, wanted: Place) -> str | None:
        """Return why nothing that `given` describes can be `wanted`; None where something may."""
        self._end = max(self.steps.left - MOST_STEPS_OF_A_PAIR, 0)
        return self._why_not(given, wanted, 0)

    def _is_spent(self) -> bool:
        return not self.steps.spend() or self.steps.left <= self._end

    def _why_not(self, given: Place, wanted: Place, depth: int) -> str | None:
        if self._is_spent() or depth > MAX_DEPTH:
            return None
        if given.part is False or wanted.part is False:
            return "nothing can be there"
        pair = (id(given.part), id(wanted.part))
        if (
            not isinstance(given.part, Mapping)
            or not isinstance(wanted.part, Mapping)
            or pair in self._under_way
        ):
            return None
        self._under_way.add(pair)
        try:
            why = self._against(given, wanted, depth + 1)
            for inner in conjuncts(wanted):
                why = why or self._why_not(given, inner, depth + 1)
            for branches in alternatives(wanted):
                tried = (self._why_not(given, b, depth + 1) for b in branches if not _is_null(b.part))
                why = why or _unanimous(tried)
            return why
        finally:
            self._under_way.discard(pair)

    def _against(self, given: Place, wanted: Place, depth: int) -> str | None:
        """Return why nothing given keeps the wanted schema's own words."""
        if self._is_spent() or depth > MAX_DEPTH or not isinstance(given.part, Mapping):
            return "nothing can be there" if given.part is False else None
        why = self._own(given, wanted, depth)
        for inner in conjuncts(given):
            why = why or self._against(inner, wanted, depth + 1)
        for branches in alternatives(given):
            tried = (self._against(b, wanted, depth + 1) for b in branches if not _is_null(b.part))
            why = why or _unanimous(tried)
        return why

    def _own(self, given: Place, wanted: Place, depth: int) -> str | None:
        one, other = given.part, wanted.part
        why = _values(one, other)
        if why is not None:
            return why
        mine, theirs = kinds(one), kinds(other)
        common = mine & theirs if mine and theirs else mine | theirs
        if not common and mine:
            return f"{described(one)} is never {described(other)}"
        return (
            _ranges(one, other, common)
            or (self._fields(given, wanted, depth) if common == {"object"} else None)
            or (self._elements(given, wanted, depth) if common == {"array"} else None)
        )

    def _fields(self, given: Place, wanted: Place, depth: int) -> str | None:
        required = _required(given.part)
        asked = _required(wanted.part)
        for name in asked:
            if _is_closed_to(given.part, name):
                return f"it has no {name[:60]!r}"
        for name in required:
            if _is_closed_to(wanted.part, name):
                return f"its {name[:60]!r} is not taken"
        mine, theirs = named(given.part.get("properties")), named(wanted.part.get("properties"))
        for name in [*asked, *required][:MOST_ENUM]:
            if name in mine and name in theirs:
                pair = Place(mine[name], given.root), Place(theirs[name], wanted.root)
                why = self._why_not(*pair, depth)
                if why is not None:
                    return f"its {name[:60]!r}: {why}"
        return None

    def _elements(self, given: Place, wanted: Place, depth: int) -> str | None:
        one, other = given.part, wanted.part
        if "prefixItems" in one or "prefixItems" in other:
            return None
        pair = Place(one.get("items", True), given.root), Place(other.get("items", True), wanted.root)
        why = self._why_not(*pair, depth)
        return None if why is None else f"its elements: {why}"


def kinds(part: Mapping[str, Any]) -> frozenset[str]:
    """Return the types a schema's own words allow, but null, and integers told apart from nothing; empty: any."""
    found = {type_of(value) for value in _closed(part)} or set(types_of(part) or ())
    if "number" in found:
        found.add("integer")
    elif "integer" in found:
        found.add("number")  # 2 is both; what no integer can be is a matter of values
    return frozenset(found - {"null"})


def described(part: Any) -> str:
    """Return in a few words what a schema describes."""
    if not isinstance(part, Mapping):
        return "anything"
    if "const" in part:
        return _text(part["const"])[:40]
    branches = [b for word in ("anyOf", "oneOf") for b in listed(part.get(word))[:MOST_BRANCHES]]
    found = types_of(part) or frozenset()
    words = [_WORDS.get(name, f"a {name}") for name in sorted(found)]
    words += [described(branch) for branch in branches if not found]
    if not words and isinstance(part.get("enum"), list):
        words = [canonical_json(value)[:20] for value in part["enum"][:5]]
    return " or ".join(dict.fromkeys(words[:5])) or "anything"


def _is_null(part: Any) -> bool:
    return isinstance(part, Mapping) and (
        part.get("type") in ("null", ["null"]) or part.get("const", 0) is None
    )


def type_of(value: Any) -> str:
    """Return the JSON Schema type of a value, the narrowest."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), "object")


def _unanimous(tried: Iterator[str | None]) -> str | None:
    """Return the first reason where there is no way that fits; None where there is one, or none was tried."""
    first: str | None = None
    for why in tried:
        if why is None:
            return None
        first = first or why
    return first


def _values(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Compare two closed lists of values, or one with what the other's words allow."""
    mine, theirs = _closed(one), _closed(other)
    if mine and theirs:
        common = {_text(v) for v in mine} & {_text(v) for v in theirs}
        return None if common else f"{_some(mine)} is none of {_some(theirs)}"
    if mine and not any(_allowed(value, other) for value in mine):
        return f"{_some(mine)} is never {described(other)}"
    if theirs and not any(_allowed(value, one) for value in theirs):
        return f"{described(one)} is never {_some(theirs)}"
    return None


def _closed(part: Mapping[str, Any]) -> list[Any]:
    """Return the values that a schema lists, but null; nothing where it lists none."""
    values = [part["const"]] if "const" in part else part.get("enum")
    if not isinstance(values, list) or len(values) > MOST_ENUM:
        return []
    return [value for value in values if value is not None]


def _allowed(value: Any, part: Mapping[str, Any]) -> bool:
    """Say whether a schema's plainest words let a value pass."""
    types = types_of(part)
    if types is not None and not types & {type_of(value), "number" if _is_number(value) else ""}:
        return False
    if _is_number(value):
        return not _is_beyond(value, part.get("minimum"), part.get("maximum"))
    if isinstance(value, str):
        return not _is_beyond(len(value), part.get("minLength"), part.get("maxLength"))
    if isinstance(value, list):
        return not _is_beyond(len(value), part.get("minItems"), part.get("maxItems"))
    return True


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_beyond(value: float, least: Any, most: Any) -> bool:
    return (_is_number(least) and value < least) or (_is_number(most) and value > most)


def _ranges(one: Mapping[str, Any], other: Mapping[str, Any], common: frozenset[str]) -> str | None:
    for low, high, kinds_meant, what in _RANGES:
        if not common or not common <= kinds_meant:
            continue
        for a, b in ((one, other), (other, one)):
            least, most = a.get(low), b.get(high)
            if _is_number(least) and _is_number(most) and least > most:
                return f"{least} {what}at least, {most} at most: nothing is both"
    return None


def _required(part: Mapping[str, Any]) -> list[str]:
    return [name for name in listed(part.get("required"))[:MOST_ENUM] if isinstance(name, str)]


def _is_closed_to(part: Mapping[str, Any], name: str) -> bool:
    if part.get("additionalProperties", True) is not False or "patternProperties" in part:
        return named(part.get("properties")).get(name) is False
    return named(part.get("properties")).get(name, False) is False


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return canonical_json(value)


def _some(values: list[Any]) -> str:
    return ", ".join(_text(value)[:40] for value in values[:5])
