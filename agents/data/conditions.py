"""Say whether a condition holds for a row; a comparison with null never does."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from pydantic import JsonValue

from agents.data.columns import cell
from agents.data.terms import All, AnyOf, Comparison, Condition, Not
from agents.data.values import CellProblem, Row, key_of, kind_of, shown

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def holds(condition: Condition, row: Row) -> bool:
    """Say whether a condition holds.

    Raises:
        CellProblem: Values of different kinds are compared.
    """
    match condition:
        case All():
            return all(holds(c, row) for c in condition.all)
        case AnyOf():
            return any(holds(c, row) for c in condition.any)
        case Not():
            return not holds(condition.not_, row)
        case Comparison():
            return _passes(condition, row)


def folded(text: str) -> str:
    """Return a text as `contains` compares it: without case and accents."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


_needle = lru_cache(maxsize=256)(folded)


def _passes(test: Comparison, row: Row) -> bool:
    found = cell(row, test.column)
    match test.test:
        case "exists":
            return found is not None
        case "empty":
            return found is None or found in ("", [], {})
        case "is_true":
            return found is True
        case "is_false":
            return found is False
    against = test.value if test.other is None else cell(row, test.other)
    if found is None or against is None:
        return False
    if test.test == "contains":
        return _contains(found, against, test.column)
    if test.test == "in":
        return _is_in(found, against, test.column)
    return _compares(test.test, found, against, test.column)


def _compares(test: str, found: JsonValue, against: JsonValue, column: str) -> bool:
    one, other = kind_of(found, column), kind_of(against, column)
    if one != other:
        raise CellProblem(column, f"{shown(found)} is a {one}, {shown(against)} a {other}")
    if test in {"eq", "ne"}:
        return (key_of(found, column) == key_of(against, column)) is (test == "eq")
    if one in {"list", "object"}:
        raise CellProblem(column, f"a {one} has no order")
    return _ORDERS[test](found, against)


def _contains(found: JsonValue, against: JsonValue, column: str) -> bool:
    if isinstance(found, list):
        wanted = key_of(against, column)
        return any(key_of(v, column) == wanted for v in found)
    if isinstance(found, str) and isinstance(against, str):
        return _needle(against) in folded(found)
    raise CellProblem(column, f"{shown(found)} cannot contain {shown(against)}")


def _is_in(found: JsonValue, against: JsonValue, column: str) -> bool:
    if not isinstance(against, list):
        raise CellProblem(column, f"{shown(against)} is no list to be in")
    kind = kind_of(found, column)
    wanted = key_of(found, column)
    kinds = {kind_of(v, column) for v in against} - {"null"}
    if kinds and kind not in kinds:
        raise CellProblem(column, f"{shown(found)} is a {kind}, the list has none")
    return any(key_of(v, column) == wanted for v in against)
