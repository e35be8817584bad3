"""A run's context as rows: what the journal commits beside the traces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from memory.context import Entry, SharedContext
from memory.encoding import encode
from storage.rows import ValueRow


def value_row(run_id: str, key: str, value: JsonValue, *, by: str) -> ValueRow:
    """Return the row that keeps one value.

    Raises:
        InvalidInput: `context.not_json`, `context.too_large`.
    """
    return ValueRow(run_id=run_id, key=key, written_by=by, value=encode(value, key))


def value_rows(run_id: str, values: Mapping[str, JsonValue], *, by: str) -> tuple[ValueRow, ...]:
    """Return the rows that keep what one subtask wrote.

    Raises:
        InvalidInput: `context.not_json`, `context.too_large`.
    """
    return tuple(value_row(run_id, key, value, by=by) for key, value in values.items())


def context_rows(run_id: str, context: SharedContext) -> tuple[ValueRow, ...]:
    """Return the rows that keep a whole context, by key."""
    found: list[tuple[str, Entry]] = [(key, context.entry(key)) for key in sorted(context.keys())]
    return tuple(ValueRow(run_id=run_id, key=key, written_by=e.by, value=e.text) for key, e in found)


def context_of(rows: Iterable[ValueRow]) -> SharedContext:
    """Return the context that rows kept, each value with who wrote it."""
    context = SharedContext()
    for row in rows:
        context.set(row.key, json.loads(row.value), by=row.written_by)
    return context
