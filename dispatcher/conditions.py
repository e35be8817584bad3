"""Whether a subtask's `when` holds, on the values its run has so far.

Values of different kinds are never equal and never in order: `lt` and `gt`
hold between two numbers or two strings only.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.jsonvalue import resolve_pointer
from contracts.plan import When


def holds(when: When, values: Mapping[str, JsonValue]) -> bool:
    """Say whether the condition holds; what is not there is not there, and equals nothing."""
    try:
        found = resolve_pointer(values[when.key], when.pointer)
    except (KeyError, InvalidInput):
        return when.op in {"empty", "ne"}
    match when.op:
        case "exists":
            return found is not None
        case "empty":
            return found is None or (isinstance(found, str | list | dict) and not found)
        case "eq":
            return _equal(found, when.value)
        case "ne":
            return not _equal(found, when.value)
        case "lt" | "gt":
            return _ordered(found, when.value, when.op)


def _equal(left: JsonValue, right: JsonValue) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
    return left == right


def _ordered(left: JsonValue, right: JsonValue, op: str) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left < right if op == "lt" else left > right
    if isinstance(left, str) and isinstance(right, str):
        return left < right if op == "lt" else left > right
    return False
