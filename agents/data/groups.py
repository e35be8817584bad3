"""Statistics of rows: of all, of each group, of the group a row stands in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from agents.data.arithmetic import exact_mean, ranged, total
from agents.data.columns import cell, each, short_name
from agents.data.spec import Aggregate, AggregateAll, Group, GroupStat, Statistic
from agents.data.values import CellProblem, Row, key_of, number, one_kind
from contracts.errors import InvalidInput

Members = list[tuple[int, Row]]
"""Rows with their numbers."""


def aggregate(step: AggregateAll, rows: list[Row]) -> list[Row]:
    """Return one row of statistics."""
    return [_statistics(step.aggregates, list(enumerate(rows)))]


def group(step: Group, rows: list[Row]) -> list[Row]:
    """Return one row per group: its values, named by the last step of a pointer, and its statistics.

    Raises:
        InvalidInput: `data.bad_input`, two columns of the result would share a name; `data.type`.
    """
    names = [short_name(column) for column in step.by]
    if len({*names, *step.aggregates}) < len(names) + len(step.aggregates):
        raise InvalidInput(
            "data.bad_input", f"two columns of the groups share a name: {[*names, *step.aggregates]!r:.200}"
        )
    return [
        {
            **{name: cell(members[0][1], column) for name, column in zip(names, step.by, strict=True)},
            **_statistics(step.aggregates, members),
        }
        for members in _groups(step.by, rows).values()
    ]


def group_stat(step: GroupStat, rows: list[Row]) -> list[Row]:
    """Return the rows, each with the statistic of its group."""
    found: list[Row] = list(rows)
    for members in _groups(step.by, rows).values():
        value = statistic(step.fn, step.column, members)
        for i, row in members:
            found[i] = {**row, step.into: value}
    return found


def statistic(fn: Statistic, column: str | None, members: Members) -> JsonValue:
    """Return a statistic of the rows' known values; null when there are none, except a count.

    Raises:
        InvalidInput: `data.type`, with row and column.
    """
    if column is None:
        return len(members)
    values = [(i, value) for i, row in members if (value := cell(row, column)) is not None]
    if fn == "count":
        return len(values)
    if fn in {"min", "max"}:
        one_kind(values, column)
        known: list[Any] = [value for _, value in values]
        return (min(known) if fn == "min" else max(known)) if known else None
    return _of_numbers(fn, column, values)


def _of_numbers(fn: Statistic, column: str, values: Sequence[tuple[int, JsonValue]]) -> JsonValue:
    numbers: list[int | float] = []
    for row, value in values:
        try:
            known = number(value, column)
        except CellProblem as exc:
            raise exc.at(row) from exc
        if known is not None:
            numbers.append(known)
    if not numbers:
        return None
    try:
        match fn:
            case "sum":
                return ranged(total(numbers), column)
            case "mean":
                return exact_mean(ranged(total(numbers), column), len(numbers))
            case _:
                return ranged(_median(numbers), column)
    except (CellProblem, OverflowError) as exc:
        raise CellProblem(column, "the statistic is out of range").at(values[0][0]) from exc


def _median(numbers: list[int | float]) -> int | float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return exact_mean(total(ordered[middle - 1 : middle + 1]), 2)


def _statistics(aggregates: Mapping[str, Aggregate], members: Members) -> Row:
    return {name: statistic(a.fn, a.column, members) for name, a in aggregates.items()}


def _groups(by: Sequence[str], rows: list[Row]) -> dict[Hashable, Members]:
    found: dict[Hashable, Members] = {}
    keys = each(rows, lambda row: tuple(key_of(cell(row, column), column) for column in by))
    for i, key in enumerate(keys):
        found.setdefault(key, []).append((i, rows[i]))
    return found
