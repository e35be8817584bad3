"""Match the rows of two tables by equal values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from agents.data.bounds import check_rows
from agents.data.columns import cell, each
from agents.data.sources import Tables, rows_of
from agents.data.spec import Join
from agents.data.values import Row, key_of, one_kind
from contracts.errors import InvalidInput


def join(step: Join, rows: list[Row], tables: Tables) -> list[Row]:
    """Return one row per match, the other table's row under the prefix; the left join keeps the unmatched too.

    Raises:
        InvalidInput: `data.type`, the two columns hold values of different kinds; `data.too_large`;
            `data.unknown_table`; `data.bad_input`, the prefix is a column already.
    """
    others = rows_of(step.table, tables, pointer=step.pointer)
    _check_prefix(step.prefix, rows)
    for on in step.on:
        both = [*((i, cell(row, on.left)) for i, row in enumerate(rows))]
        one_kind([*both, *((i, cell(row, on.right)) for i, row in enumerate(others))], on.left)
    index: dict[Hashable, list[Row]] = defaultdict(list)
    for other, key in zip(others, _keys(others, [on.right for on in step.on]), strict=True):
        if key is not None:
            index[key].append(other)
    joined: list[Row] = []
    for row, key in zip(rows, _keys(rows, [on.left for on in step.on]), strict=True):
        matches = index.get(key, []) if key is not None else []
        check_rows(len(joined) + len(matches))
        joined += [{**row, step.prefix: other} for other in matches]
        if not matches and step.how == "left":
            joined.append({**row, step.prefix: None})
    check_rows(len(joined))
    return joined


def _keys(rows: list[Row], columns: Sequence[str]) -> list[Hashable | None]:
    """Return each row's key; None where a column is null, which equals nothing."""

    def key(row: Row) -> Hashable | None:
        values = [cell(row, column) for column in columns]
        if any(v is None for v in values):
            return None
        return tuple(key_of(v, c) for v, c in zip(values, columns, strict=True))

    return list(each(rows, key))


def _check_prefix(prefix: str, rows: list[Row]) -> None:
    taken = next((i for i, row in enumerate(rows) if prefix in row), None)
    if taken is not None:
        raise InvalidInput(
            "data.bad_input",
            f"row {taken} has a column {prefix[:80]!r} already",
            hint="Join under another name.",
            data={"row": taken, "column": prefix},
        )
