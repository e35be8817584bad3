"""Tables of data as headers and rows; tables that only lay out the page are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agents.scrape.outline import Element, Outline

MAX_TABLES: Final = 50
MAX_ROWS: Final = 500
MAX_COLUMNS: Final = 40
MAX_CELL_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text; `headers` is empty where the first row is data."""

    headers: list[str]
    rows: list[list[str]]


def tables_of(outline: Outline) -> list[Table]:
    """Return the page's data tables, in order."""
    found: list[Table] = []
    for element in outline.by_tag["table"]:
        if len(found) == MAX_TABLES:
            break
        if element.is_seen and next(outline.inside(element, "table"), None) is None:
            table = table_of(outline, element)
            if table.rows and max(map(len, table.rows)) > 1:
                found.append(table)
    return found


def table_of(outline: Outline, element: Element) -> Table:
    """Return one table's cells."""
    headers: list[str] = []
    rows: list[list[str]] = []
    for row in outline.inside(element, "tr"):
        cells = cells_of(outline, row)
        texts = [outline.text(c)[:MAX_CELL_CHARS] for c in cells[:MAX_COLUMNS]]
        if not any(texts):
            continue
        if not headers and not rows and len(cells) > 1 and all(c.tag == "th" for c in cells):
            headers = texts
        elif len(rows) < MAX_ROWS:
            rows.append(texts)
    return Table(headers, rows)


def cells_of(outline: Outline, row: Element) -> list[Element]:
    """Return a row's own cells."""
    return [c for c in outline.children(row) if c.tag in {"td", "th"}]


def headers_above(outline: Outline, row: Element) -> list[str]:
    """Return the headers of the table a row stands in; empty without."""
    table = next((a for a in row.ancestors() if a.tag == "table"), None)
    first = next(outline.inside(table, "tr"), None) if table else None
    cells = cells_of(outline, first) if first else []
    named = [c for c in cells if c.tag == "th"]
    return [outline.text(c)[:MAX_CELL_CHARS] for c in cells] if len(named) > 1 or named == cells else []
