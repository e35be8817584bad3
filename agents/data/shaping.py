"""Steps that keep, order, name or add: select, filter, derive, sort, limit, distinct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.data.arithmetic import reckon
from agents.data.columns import cell, each
from agents.data.conditions import holds
from agents.data.spec import Derive, Distinct, Filter, Limit, Select, Sort, SortKey
from agents.data.values import Row, key_of, one_kind


def select(step: Select, rows: list[Row]) -> list[Row]:
    """Return rows of the named columns alone."""
    return [{new: cell(row, column) for new, column in step.columns.items()} for row in rows]


def keep(step: Filter, rows: list[Row]) -> list[Row]:
    """Return the rows for which the condition holds."""
    kept = each(rows, lambda row: holds(step.where, row))
    return [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]


def derive(step: Derive, rows: list[Row]) -> list[Row]:
    """Return the rows with a column more."""
    return list(each(rows, lambda row: {**row, step.column: reckon(step.value, row)}))


def sort(step: Sort, rows: list[Row]) -> list[Row]:
    """Return the rows in order: stable, nulls last, of one kind a column."""
    ordered = list(rows)
    for key in reversed(step.by):
        one_kind(((i, cell(row, key.column)) for i, row in enumerate(rows)), key.column)
        ordered = _sorted(key, ordered)
    return ordered


def limit(step: Limit, rows: list[Row]) -> list[Row]:
    """Return the first rows."""
    return rows[: step.count]


def distinct(step: Distinct, rows: list[Row]) -> list[Row]:
    """Return the first row of each combination of values."""
    seen: set[Any] = set()
    kept: list[Row] = []
    for row, key in zip(rows, each(rows, lambda row: _identity(row, step.by)), strict=True):
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def _identity(row: Row, by: Sequence[str]) -> Any:
    return tuple(key_of(cell(row, c), c) for c in by) if by else key_of(row)


def _sorted(key: SortKey, rows: list[Row]) -> list[Row]:
    known: list[tuple[Any, Row]] = []
    nulls: list[Row] = []
    for row in rows:
        value = cell(row, key.column)
        if value is None:
            nulls.append(row)
        else:
            known.append((value, row))
    known.sort(key=lambda pair: pair[0], reverse=key.descending)
    return [*(row for _, row in known), *nulls]
