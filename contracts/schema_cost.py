"""How often a JSON Schema looks at one place of a value: a few lines can make it look more often than there is time.

`$defs` of which each refers to the next one twice double what is looked at with
every one of them, and nothing ends a check that is under way. So the looks
along one path into a value are counted before the schema is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

MAX_LOOKS: Final = 100_000
"""Along one path into a value."""

MAX_SCHEMAS: Final = 20_000
"""Within one that refers to any."""
MAX_IDS: Final = 50

_SAME: Final = ("not", "if", "then", "else")
_SAME_EACH: Final = ("allOf", "anyOf", "oneOf")
_SAME_NAMED: Final = ("dependentSchemas", "dependencies")
_OF_LISTS: Final = ("items", "additionalItems", "unevaluatedItems", "contains")
_OF_OBJECTS: Final = ("additionalProperties", "unevaluatedProperties")
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")

_Parts = dict[str, list[int]]
"""Schemas by the part of a value they look at; under the empty name, those that may look at any."""


class _Edges(NamedTuple):
    """Where a schema looks next, by the numbers of schemas."""

    same: list[int]
    """At the same place."""
    of_lists: _Parts
    of_objects: _Parts

    def all(self) -> Iterator[int]:
        """Yield every schema it leads to."""
        return chain(self.same, *self.of_lists.values(), *self.of_objects.values())


def is_costly(schema: Any) -> bool:
    """Say whether a schema may look along one path more than `MAX_LOOKS` times; its references are local."""
    reading = _Reading(schema)
    if not reading.refers:  # a tree: it looks at one place no more often than it has parts
        return False
    edges = reading.edges()
    if edges is None:
        return True
    looks = [0] * len(edges)
    for n in _inner_first(edges):
        # One that comes back to itself counts as 0 there: at one place the checker sees through it, and below
        # it ends with the value.
        same = sum(looks[m] for m in edges[n].same)
        deeper = max(_worst(edges[n].of_lists, looks), _worst(edges[n].of_objects, looks))
        looks[n] = min(1 + same + deeper, MAX_LOOKS + 1)
    return looks[0] > MAX_LOOKS


def _inner_first(edges: list[_Edges]) -> list[int]:
    """Return the schemas' numbers, each behind those it leads to but for those it came from."""
    order: list[int] = []
    seen = {0}
    stack = [(0, edges[0].all())]
    while stack:
        at, inner = stack[-1]
        following = next((n for n in inner if n not in seen), None)
        if following is None:
            order.append(at)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, edges[following].all()))
    return order


def _worst(parts: _Parts, looks: list[int]) -> int:
    anywhere = sum(looks[n] for n in parts.get("", ()))
    return anywhere + max((sum(looks[n] for n in parts[name]) for name in parts if name), default=0)


class _Reading:
    """A schema's parts, numbered from the root, and where each looks next."""

    def __init__(self, schema: Any) -> None:
        self.refers = False
        self._root = schema
        self._numbers: dict[int, int] = {}
        self._schemas: list[Any] = []
        self._anchors: defaultdict[str, list[Any]] = defaultdict(list)
        self._with_id: list[Any] = []
        self._note_names(schema)

    def edges(self) -> list[_Edges] | None:
        """Return where each part looks next, the root first; None when there are too many."""
        self._number(self._root)
        found: list[_Edges] = []
        while len(found) < len(self._schemas):  # reading one finds more
            if len(self._schemas) > MAX_SCHEMAS or len(self._with_id) > MAX_IDS:
                return None
            found.append(self._read(self._schemas[len(found)]))
        return found

    def _note_names(self, schema: Any) -> None:
        waiting = [schema]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Mapping):
                self.refers = self.refers or any(word in part for word in _REFERENCES)
                if isinstance(part.get("$id"), str):
                    self._with_id.append(part)
                for word in ("$anchor", "$dynamicAnchor"):
                    if isinstance(part.get(word), str):
                        self._anchors[part[word]].append(part)
                waiting += part.values()
            elif isinstance(part, list | tuple):
                waiting += part

    def _number(self, schema: Any) -> int:
        number = self._numbers.setdefault(id(schema), len(self._schemas))
        if number == len(self._schemas):
            self._schemas.append(schema)
        return number

    def _read(self, schema: Any) -> _Edges:
        edges = _Edges([], defaultdict(list), defaultdict(list))
        if not isinstance(schema, Mapping):
            return edges
        same = [part for word in _REFERENCES for part in self._targets(schema.get(word))]
        same += [schema[word] for word in _SAME if word in schema]
        same += [part for word in _SAME_EACH for part in _listed(schema.get(word))]
        same += [part for word in _SAME_NAMED for part in _named(schema.get(word)).values()]
        edges.same.extend(map(self._number, same))
        for at, part in enumerate(_listed(schema.get("prefixItems"))):
            edges.of_lists[str(at)].append(self._number(part))
        for name, part in _named(schema.get("properties")).items():
            edges.of_objects[f"/{name}"].append(self._number(part))
        anywhere = [*_named(schema.get("patternProperties")).values()]
        anywhere += [schema[word] for word in _OF_OBJECTS if word in schema]
        edges.of_objects[""].extend(map(self._number, anywhere))
        below = [schema[word] for word in _OF_LISTS if word in schema]
        edges.of_lists[""].extend(self._number(p) for part in below for p in _listed(part) or [part])
        return edges

    def _targets(self, reference: Any) -> list[Any]:
        if not isinstance(reference, str):
            return []
        document, _, place = reference.partition("#")
        # Which part a name with an `$id` means depends on where it stands: any of them is counted.
        roots = [self._root, *self._with_id] if not document or place else self._with_id
        if place and not place.startswith("/"):
            return self._anchors.get(place, [])
        found = [_resolved(root, place) for root in roots] if place or document else [self._root]
        return list({id(part): part for part in found if part is not None}.values())


def _resolved(root: Any, place: str) -> Any:
    here = root
    for token in place.split("/")[1:]:
        name = unquote(token).replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping):
            here = here.get(name)
        elif isinstance(here, list | tuple) and name.isascii() and name.isdigit():
            here = dict(enumerate(here)).get(int(name[:9]))
        else:
            return None
    return here


def _listed(parts: Any) -> list[Any]:
    return list(parts) if isinstance(parts, list | tuple) else []


def _named(parts: Any) -> Mapping[str, Any]:
    return parts if isinstance(parts, Mapping) else {}
