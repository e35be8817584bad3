"""The column of a CSV whose numbers a call is about: one converted number a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.chaining.call import Call
from planner.chaining.outputs import Output
from planner.rules.draft import Bind, key
from planner.rules.guest_names import CONVERT, TABLE
from planner.rules.measures import symbols_of
from planner.rules.row_columns import is_named, tells_apart
from planner.rules.rows import first_row
from planner.rules.spelling import fold
from planner.rules.text import Text


def converted_column(
    call: Call, text: Text, outputs: Sequence[Output]
) -> tuple[dict[str, Bind], Bind | None]:
    """Return where a conversion's number stands in each row read from the text's CSV, and the rows; nothing without.

    Args:
        call: Of a guest.
        text: What asks for it.
        outputs: What comes before it.
    """
    if call.card.name != CONVERT or {"value", "values"} & call.presets.keys() or not text.csvs:
        return {}, None
    rows = next((o for o in reversed(outputs) if o.agent in {TABLE, "data"}), None)
    if rows is None or rows.is_list or rows.is_one_row or rows.columns:
        return {}, None
    column = _column(call, text)
    if column is None:
        return {}, None
    return {"value": key(rows.key, f"/{column}")}, key(rows.key, "/rows")


def _column(call: Call, text: Text) -> str | None:
    """Return the column of numbers that the text names, or that is called by the unit, or the only one."""
    first: dict[str, Any] = next(iter(first_row(text.csvs[0])), {})
    numbers = [n for n, cell in first.items() if cell == 0 and type(cell) is int and "/" not in n]
    source = call.presets.get("from")
    said = [w.text for w in text.words]
    choices = (
        [n for n in numbers if source in symbols_of(fold(n)).values()],
        [n for n in numbers if any(is_named(n, w) for w in said)],
        [n for n in numbers if not tells_apart(n)],
    )
    return next((c[0] for c in choices if c), None)
