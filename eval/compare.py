"""Compare two JSON values: walk both, count what agrees, name what does not.

Numbers are equal by value (1 and 1.0 are one number), and never equal to
`true` or to a string.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from contracts.jsonvalue import join_pointer

MAX_NAMED: Final = 5

Equal = Callable[[Any, Any], bool]
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Tally:
    """How many leaves were asked for, how many agreed, and the first that did not."""

    asked: int = 0
    agreed: int = 0
    differences: list[str] = field(default_factory=list)

    def note(self, path: Path, said: str, *, agrees: bool) -> None:
        """Count one leaf."""
        self.asked += 1
        self.agreed += agrees
        if not agrees and len(self.differences) < MAX_NAMED:
            self.differences.append(f"{join_pointer(*path) or 'the value'}: {said}")

    @property
    def share(self) -> float:
        """Agreed over asked; 1 when nothing was asked."""
        return self.agreed / self.asked if self.asked else 1.0


def same_leaf(left: Any, right: Any) -> bool:
    """Say whether two leaves are the same JSON value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return type(left) is type(right) and bool(left == right)


def close_leaf(tolerance: float) -> Equal:
    """Return an equality that lets numbers differ by `tolerance`, relative or absolute."""

    def equal(left: Any, right: Any) -> bool:
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (left, right))
        if not numbers:
            return same_leaf(left, right)
        try:
            return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
        except OverflowError:  # an integer no float can hold
            return bool(left == right)

    return equal


def tally(output: JsonValue, expected: JsonValue, equal: Equal) -> Tally:
    """Compare value with value, place by place; what stands on one side only disagrees."""
    found = Tally()
    _walk(output, expected, equal, (), found)
    return found


def leaves(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    """Return every leaf with its path; an empty object or list is a leaf."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def brief(value: JsonValue) -> str:
    """Return a value as one short line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _walk(output: Any, expected: Any, equal: Equal, path: Path, found: Tally) -> None:
    sides = _sides(output, expected)
    if sides is None:
        agrees = equal(output, expected)
        said = "" if agrees else f"{brief(output)}, expected {brief(expected)}"
        found.note(path, said, agrees=agrees)
        return
    given, wanted = sides
    for key in [*wanted, *(k for k in given if k not in wanted)]:
        here = (*path, key)
        if key not in given:
            for at, leaf in leaves(wanted[key], here):
                found.note(at, f"missing, expected {brief(leaf)}", agrees=False)
        elif key not in wanted:
            for at, leaf in leaves(given[key], here):
                found.note(at, f"{brief(leaf)}, expected nothing", agrees=False)
        else:
            _walk(given[key], wanted[key], equal, here, found)


def _sides(output: Any, expected: Any) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
    """Return both as key -> value when they are two objects or two lists, not both empty."""
    if not (output or expected):
        return None
    if isinstance(output, dict) and isinstance(expected, dict):
        return output, expected
    if isinstance(output, list) and isinstance(expected, list):
        return dict(enumerate(output)), dict(enumerate(expected))
    return None
