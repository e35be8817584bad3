"""Facts: what a page says as a label and a value, in lists of terms, in rows of two cells, in lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from agents.scrape.outline import Element, Outline
from agents.scrape.tables import cells_of, headers_above

MAX_FACTS: Final = 200
MAX_LABEL_CHARS: Final = 60
MAX_VALUE_CHARS: Final = 500

_LINE: Final = re.compile(r"^([^\W\d_][^:\uff1a]{0,58}?)\s*[:\uff1a]\s+(\S.*)$")
_DATA: Final = re.compile(
    r"^data-(?:lot|item|product|listing|stock|vin|sku|make|model|year|mileage|condition|seller|location|colou?r|category)"
    r"(?:-?(?:id|no|nr|number|name))?$"
)
_LABEL_TAGS: Final = frozenset({"span", "div", "b", "strong", "p", "h4", "h5", "em", "small"})
_NO_LABEL: Final = re.compile(r"https?$|[.!?]\s|\b\d\d?$", re.IGNORECASE)

Pairs = Iterator[tuple[str, str]]


def facts_of(outline: Outline, elements: list[Element], lines: Iterable[str]) -> dict[str, str]:
    """Return label -> value as the elements and lines say it; the first value of a label stands.

    Args:
        outline: The page.
        elements: Where to look: an item with what is inside it, or the page's own elements.
        lines: The lines of the same part, for those that read "Label: value".
    """
    found: dict[str, str] = {}
    own = [e for e in elements if e.is_seen and not e.is_around]
    for label, value in (
        *_terms(outline, own),
        *_rows(outline, own),
        *_labelled(outline, own),
        *line_facts(lines),
    ):
        _keep(found, label, value)
    for e in own:
        for name, value in e.attributes.items():
            if name.startswith("data-") and _DATA.match(name):
                _keep(found, name[5:].replace("-", " "), value)
    return found


def line_facts(lines: Iterable[str]) -> Pairs:
    """Yield what lines of the form "Label: value" say."""
    for line in lines:
        match = _LINE.match(line) if len(line) <= MAX_LABEL_CHARS + MAX_VALUE_CHARS else None
        if match and not _NO_LABEL.search(match[1]) and len(match[1].split()) <= 6:
            yield match[1], match[2]


def _keep(found: dict[str, str], label: str, value: str) -> None:
    label, value = label.strip().rstrip(":\uff1a").strip(), value.strip()
    if label and value and len(label) <= MAX_LABEL_CHARS and len(found) < MAX_FACTS:
        found.setdefault(label, value[:MAX_VALUE_CHARS])


def _terms(outline: Outline, elements: list[Element]) -> Pairs:
    """Yield `<dt>` with the `<dd>` that follows it."""
    term = ""
    for e in elements:
        if e.tag == "dt":
            term = outline.text(e)
        elif e.tag == "dd" and term:
            yield term, outline.text(e)
            term = ""


def _rows(outline: Outline, elements: list[Element]) -> Pairs:
    """Yield rows of a heading cell and a value, and a lone row's cells under the table's headers."""
    for i, e in enumerate(elements):
        if e.tag != "tr":
            continue
        cells = cells_of(outline, e)
        if i == 0 and (headers := headers_above(outline, e)):
            yield from zip(headers, (outline.text(c) for c in cells), strict=False)
        elif len(cells) == 2 and cells[1].tag == "td":
            label = outline.text(cells[0])
            if cells[0].tag == "th" or label.endswith(":"):
                yield label, outline.text(cells[1])


def _labelled(outline: Outline, elements: list[Element]) -> Pairs:
    """Yield pairs whose first of two elements is named a label (`<span class="label">`)."""
    for e in elements:
        if e.tag in _LABEL_TAGS and "label" in e.label and (value := outline.next_sibling(e)) is not None:
            label = outline.text(e)
            if label and len(label) <= MAX_LABEL_CHARS and value.is_seen:
                yield label, outline.text(value)
