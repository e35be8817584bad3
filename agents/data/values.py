"""JSON values as cells: their kinds, which never mix silently, and the keys that equal ones share."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Final, Literal

from pydantic import JsonValue

from contracts.errors import InvalidInput

Row = dict[str, JsonValue]
Kind = Literal["null", "boolean", "number", "string", "list", "object"]
MAX_DEPTH: Final = 100
MAX_BITS: Final = 1024
_KINDS: Final[dict[type, Kind]] = {
    type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"
}  # fmt: skip


class CellProblem(Exception):
    """A cell that cannot be used; the row is known where rows are walked."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column

    def at(self, row: int) -> InvalidInput:
        """Return the error with its row."""
        return InvalidInput(
            "data.type",
            f"row {row}, column {self.column!r}: {self}",
            hint="Filter such rows out first, or compare like with like.",
            data={"row": row, "column": self.column},
        )


def kind_of(value: JsonValue, column: str) -> Kind:
    """Return a value's kind.

    Raises:
        CellProblem: It is no JSON value, or no finite number.
    """
    kind = _KINDS.get(type(value))
    if kind is None or (isinstance(value, float) and not math.isfinite(value)):
        raise CellProblem(column, f"{shown(value)} is no JSON value")
    return kind


def number(value: JsonValue, column: str) -> int | float | None:
    """Return a number, or None for null.

    Raises:
        CellProblem: It is something else.
    """
    if kind_of(value, column) not in {"number", "null"}:
        raise CellProblem(column, f"{shown(value)} is no number")
    return value  # type: ignore[return-value]  # its kind was just looked up


def one_kind(values: Iterable[tuple[int, JsonValue]], column: str) -> Kind | None:
    """Return the kind that all values with their row numbers share, nulls apart; None when all are null.

    Raises:
        InvalidInput: `data.type`, at the first that differs, or that has no order.
    """
    shared: Kind | None = None
    for row, value in values:
        try:
            kind = _ordered_kind(value, column)
        except CellProblem as exc:
            raise exc.at(row) from exc
        if kind == "null":
            continue
        if shared is not None and kind != shared:
            raise CellProblem(column, f"{shown(value)} is a {kind} among values of kind {shared}").at(row)
        shared = kind
    return shared


def _ordered_kind(value: JsonValue, column: str) -> Kind:
    kind = kind_of(value, column)
    if kind in {"list", "object"}:
        raise CellProblem(column, f"a {kind} has no order")
    return kind


def key_of(value: JsonValue, column: str = "", depth: int = 0) -> Hashable:
    """Return what equal values share: 1 and 1.0 are equal, 1 and true are not.

    Raises:
        CellProblem: It is no JSON value, or nested too deep.
    """
    if depth > MAX_DEPTH:
        raise CellProblem(column, f"nested deeper than {MAX_DEPTH} levels")
    kind = kind_of(value, column)
    if isinstance(value, list):
        return (kind, *(key_of(v, column, depth + 1) for v in value))
    if isinstance(value, dict):
        return (kind, *((k, key_of(value[k], column, depth + 1)) for k in sorted(value)))
    return (kind, value)


def shown(value: object) -> str:
    """Return a value as an error may show it."""
    return (
        repr(value)[:80]
        if not isinstance(value, list | dict | int) or isinstance(value, bool)
        else _brief(value)
    )


def _brief(value: object) -> str:
    if isinstance(value, int):
        return str(value) if value.bit_length() <= MAX_BITS else "a huge number"
    return "a list" if isinstance(value, list) else "an object"
