"""A run's result for people: rows as a table, anything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.console import counted, printable

MAX_ROWS: Final = 200
WIDE: Final = 6
"""Columns; rows with more are printed one below the other."""


def rows_of(result: JsonValue) -> list[dict[str, Any]] | None:
    """Return the rows of a result that has some: `{"rows": [...]}` or a list of objects."""
    rows = result.get("rows") if isinstance(result, dict) else result
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        return [row for row in rows if isinstance(row, dict)]
    return None


def show_result(console: Console, result: JsonValue) -> None:
    """Print a result on stdout's console."""
    rows = rows_of(result)
    if rows is None:
        console.print(Text(printable_json(result)), soft_wrap=True)
        return
    columns = list(dict.fromkeys(key for row in rows for key in row))
    console.print(f"Result: {counted(len(rows), 'row')}", style="bold")
    if len(columns) <= WIDE:
        _as_table(console, rows[:MAX_ROWS], columns)
    else:
        _as_records(console, rows[:MAX_ROWS], columns)
    if len(rows) > MAX_ROWS:
        console.print(f"… and {len(rows) - MAX_ROWS} more; --json prints all")


def _as_table(console: Console, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    table = Table()
    for column in columns:
        table.add_column(Text(_heading(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console.print(table)


def _as_records(console: Console, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    title = next((c for c in ("title", "name", "url") if c in columns), columns[0])
    for number, row in enumerate(rows, 1):
        console.print(Text(f"\n{number}. {_cell(row.get(title))}", style="bold"), soft_wrap=True)
        grid = Table.grid(padding=(0, 2))
        for column in (c for c in columns if c != title):
            grid.add_row(Text(f"   {_heading(column)}", style="dim"), Text(_cell(row.get(column))))
        console.print(grid)


def _heading(column: str) -> str:
    return printable(column.replace("_", " "))[:60]


def printable_json(value: JsonValue) -> str:
    """Return indented JSON in which nothing can drive a terminal."""
    return "\n".join(printable(line) for line in json.dumps(value, indent=2, ensure_ascii=False).split("\n"))


def _cell(value: Any) -> str:
    words = {None: "-", True: "yes", False: "no"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:300]
