"""The dates a page names, as it names them."""

from __future__ import annotations

import re
from typing import Final

from agents.scrape.outline import Outline

MAX_DATES: Final = 100

MONTH: Final = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[eé]vr(?:ier)?|mar(?:ch|s|zo)?|m[aä]r(?:z)?|apr(?:il)?|avr(?:il)?"
    r"|abr(?:il)?|may|mai|mayo|june?|juni?|juin|jun(?:io)?|july?|juli|juil(?:let)?|jul(?:io)?|aug(?:ust)?|ao[uû]t"
    r"|ago(?:sto)?|sept?(?:ember|embre|iembre)?|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?"
    r"|de[cz](?:ember|embre)?|d[eé]c(?:embre)?|dic(?:iembre)?|enero|febrero)"
)
"""A month's name in English, German, French or Spanish, short or whole."""
_CLOCK: Final = r"(?:,? (?:at |um |à )?\d\d?[:.]\d\d(?: ?[ap]\.?m\b\.?)?)?"
_DATE: Final = re.compile(
    r"(?<![\w-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?(?![\w-])"
    rf"|(?<!\w)\d{{1,2}}(?:st|nd|rd|th|\.)?(?: de| of)? {MONTH}\b\.?,?(?: de)?(?: \d{{4}}\b)?{_CLOCK}"
    rf"|\b{MONTH}\b\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?{_CLOCK}"
    rf"|(?<![\w./-])\d{{1,2}}([./-])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})(?![\w/-]|\.\d){_CLOCK}",
    re.IGNORECASE,
)
_STATED: Final = frozenset(
    {"article:published_time", "article:modified_time", "og:updated_time", "date", "datepublished", "pubdate"}
)


def dates_of(outline: Outline, lines: list[str]) -> list[str]:
    """Return the dates of `<time>` elements, of the page's metadata and in its lines, each once."""
    found: dict[str, None] = {}
    for element in outline.by_tag["time"]:
        found[(element.get("datetime") or outline.text(element))[:60]] = None
    for meta in outline.by_tag["meta"]:
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop")).lower()
        if name in _STATED:
            found[meta.get("content")[:60]] = None
    for line in lines:
        if len(found) >= MAX_DATES:
            break
        found.update((match[0].strip(), None) for match in _DATE.finditer(line[:2000]))
    return [text for text in found if text][:MAX_DATES]
