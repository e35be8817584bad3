"""What the caller gives in `inputs`, known by its value and so held against schemas as one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import resolve_pointer
from planner.checks.fits import type_of
from planner.checks.schema_walk import ANY_INDEX, ANYTHING, Place, Steps, walk

MOST_SHAPED: Final = 200
"""Parts of a caller's value that are looked at."""
FEW: Final = 8
"""Elements of a list that are each known by their value."""


class Inputs:
    """The caller's values as schemas.

    Args:
        values: By key.
        steps: What may be looked at in all.
    """

    def __init__(self, values: Mapping[str, Any], steps: Steps) -> None:
        self._values = values
        self._steps = steps
        self._shapes: dict[tuple[str, str], Place | None] = {}

    def __contains__(self, key: object) -> bool:
        """Say whether the caller gives a key."""
        return key in self._values

    def at(self, key: str, pointer: str) -> Place | None:
        """Return what stands at a pointer; None where nothing does."""
        name = (key, pointer)
        if name not in self._shapes:
            self._shapes[name] = self._shaped(key, pointer)
        return self._shapes[name]

    def within(self, key: str, each: str, tokens: list[str]) -> Place | None:
        """Return what stands at a pointer's tokens into any element of the list at `each`; None where nothing can."""
        place = self.at(key, each)
        if place is None or not isinstance(place.part, Mapping) or not place.part.get("maxItems"):
            return ANYTHING  # it never runs, or it is told of the list
        return walk(place, [ANY_INDEX, *tokens], self._steps)

    def _shaped(self, key: str, pointer: str) -> Place | None:
        try:
            value = resolve_pointer(self._values[key], pointer)
        except InvalidInput:
            return None
        if self._steps.left <= 0:
            return ANYTHING
        steps = Steps(MOST_SHAPED)
        shape = _shape_of(value, steps)
        self._steps.left -= MOST_SHAPED - max(steps.left, 0)
        return Place(shape, {})


def _shape_of(value: Any, steps: Steps, *, is_one_of_many: bool = False) -> Any:
    """Return what is certain of a value, as a schema; of one among many, no more than its type."""
    if not steps.spend():
        return True
    if isinstance(value, dict):
        inside = {
            name: _shape_of(inner, steps, is_one_of_many=is_one_of_many)
            for name, inner in islice(value.items(), MOST_SHAPED)
        }
        is_whole = len(value) <= MOST_SHAPED
        return {"type": "object", "properties": inside, "required": list(inside)} | (
            {"additionalProperties": False} if is_whole else {}
        )
    if isinstance(value, list):
        size = {"type": "array", "minItems": len(value), "maxItems": len(value)}
        return size | _elements_of(value, steps, is_one_of_many=is_one_of_many or len(value) > FEW)
    return {"type": type_of(value)} if is_one_of_many and value is not None else {"const": value}


def _elements_of(values: list[Any], steps: Steps, *, is_one_of_many: bool) -> dict[str, Any]:
    if len(values) > MOST_SHAPED:
        return {}
    kinds = [_shape_of(value, steps, is_one_of_many=is_one_of_many) for value in values]
    if not kinds or True in kinds:
        return {}
    return {"items": {"anyOf": list({repr(kind): kind for kind in kinds}.values())}}
