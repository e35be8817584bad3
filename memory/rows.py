"""A run's context as the journal keeps it: values, and the rows they become."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contracts.journal import Value
from memory.context import SharedContext
from storage.blobs import Blob, blob_for
from storage.rows import ValueRow


class KeptValue(NamedTuple):
    """One value's row, and the blob to store before it where the value is long."""

    row: ValueRow
    blob: Blob | None


def value_row(run_id: str, key: str, text: str, *, by: str, is_redacted: bool = False) -> KeptValue:
    """Return what keeps one value of a run.

    Args:
        run_id: Of the run.
        key: In its context.
        text: JSON, clean of secrets.
        by: The subtask that wrote it.
        is_redacted: A secret was taken out of it.

    Raises:
        InvalidInput: `storage.too_large`.
    """
    blob = blob_for(text)
    if blob is None:
        return KeptValue(ValueRow(run_id, key, by, is_redacted, text, None), None)
    return KeptValue(ValueRow(run_id, key, by, is_redacted, None, blob.sha256), blob)


def value_of(row: ValueRow, text: str) -> Value:
    """Return the value a row keeps.

    Args:
        row: As it was read.
        text: Its value's JSON, from the row or its blob.
    """
    return Value(key=row.key, text=text, by=row.written_by, is_redacted=row.is_redacted)


def context_values(context: SharedContext) -> tuple[Value, ...]:
    """Return the values of a whole context, by key."""
    found = [(key, context.entry(key)) for key in sorted(context.keys())]
    return tuple(Value(key=key, text=entry.text, by=entry.by) for key, entry in found)


def context_of(values: Iterable[Value]) -> SharedContext:
    """Return the context that values make, each with who wrote it."""
    context = SharedContext()
    for value in values:
        context.set_text(value.key, value.text, by=value.by)
    return context
