"""Rows to begin with: from one table, several, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from agents.data.bounds import check_rows
from agents.data.columns import cell
from agents.data.spec import Concat, Flatten, From, Zip
from agents.data.values import Row
from contracts.errors import InvalidInput

Tables = Mapping[str, JsonValue]


def from_table(step: From, tables: Tables) -> list[Row]:
    """Return the rows of a table."""
    return rows_of(step.table, tables, pointer=step.pointer)


def concat(step: Concat, tables: Tables) -> list[Row]:
    """Return the rows of several tables, one after another."""
    rows: list[Row] = []
    for name in step.tables:
        rows += rows_of(name, tables)
        check_rows(len(rows))
    return rows


def zipped(step: Zip, tables: Tables) -> list[Row]:
    """Return one row per place of the longest table."""
    sides = {prefix: _elements(_table(name, tables)) for prefix, name in step.tables.items()}
    length = max(map(len, sides.values()))
    check_rows(length)
    return [
        {prefix: side[i] if i < len(side) else None for prefix, side in sides.items()} for i in range(length)
    ]


def flatten(step: Flatten, rows: list[Row]) -> list[Row]:
    """Return one row per element of each row's list; a row without one gives none."""
    found: list[Row] = []
    for row in rows:
        value = cell(row, step.column)
        found += _as_rows(_elements(value))
        check_rows(len(found))
    return found


def rows_of(name: str, tables: Tables, *, pointer: str = "") -> list[Row]:
    """Return a table's rows: objects as they are, plain values under `value`, nulls left out.

    Raises:
        InvalidInput: `data.unknown_table`, `data.too_large`.
    """
    table = _table(name, tables)
    return _as_rows(_elements(cell(table, pointer) if pointer else table))


def _table(name: str, tables: Tables) -> JsonValue:
    if name not in tables:
        known = ", ".join(sorted(repr(t[:60]) for t in tables)[:20]) or "none"
        raise InvalidInput(
            "data.unknown_table", f"there is no table {name[:200]!r}", hint=f"The tables are: {known}."
        )
    return tables[name]


def _elements(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    elements: list[JsonValue] = value if isinstance(value, list) else [value]
    check_rows(len(elements))
    return elements


def _as_rows(elements: list[JsonValue]) -> list[Row]:
    return [e if isinstance(e, dict) else {"value": e} for e in elements if e is not None]
