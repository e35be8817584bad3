"""A run's result for people: rows as a table, anything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.console import printable

MAX_ROWS = 200


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
    table = Table(title=f"Result: {len(rows)} rows", title_justify="left")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows[:MAX_ROWS]:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console.print(table)
    if len(rows) > MAX_ROWS:
        console.print(f"… and {len(rows) - MAX_ROWS} more; --json prints all")


def printable_json(value: JsonValue) -> str:
    """Return indented JSON in which nothing can drive a terminal."""
    return "\n".join(printable(line) for line in json.dumps(value, indent=2, ensure_ascii=False).split("\n"))


def missing_rows(found: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    """Return what is wanted and not found, for a message."""
    return [row for row in wanted if row not in found]


def _cell(value: Any) -> str:
    words = {None: "-", True: "yes", False: "no"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:300]
