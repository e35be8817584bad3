"""Values that small words lead: "in Berlin", "from Oslo to Rome", "about electric trucks", and what a colon ends with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from planner.catalogue_terms import COMMON
from planner.chaining.concepts import foreign
from planner.chaining.found import LEAST, Found, words_of
from planner.chaining.outputs import TEXTUAL
from planner.rules.spelling import fold
from planner.rules.text import MARKS, Text

_REST: Final = re.compile(
    r"\b(?:of|for|in|at|from|near|to|around|about|nach|fur|von|bei|uber|aus|im|de|para|en|sobre|pour|du|des|sur)\s+"
    r"(?P<rest>(?:the |la |el |le |der |die |das )?[A-ZÄÖÜÉÈÀÁÍÓÚÑ0-9][^?!\n]{1,200})"
)
_ENDS: Final = re.compile(
    r"\s*(?:[.?!;\n]|,?\s+(?:and|then|und|dann|y|et|puis|please|bitte|tomorrow|today|now|heute|morgen"
    r"|right now|this|next|over|during|within|tonight|currently|dieses?|diese[nr]?|este|esta|ce|cette|am wochenende)\b"
    r"|,?\s+(?:in|for|fur|para|pour|on) (?:the |die |den |los |les )?(?:next|coming|last|\d|monday|tuesday|wednesday"
    r"|thursday|friday|saturday|sunday|nachsten|kommenden|proximos|prochains)\b.*"
    r"|\s+(?:to|into) [a-z]|,?\s+\d+ \w*(?:days?|hours?|tage)\b).*$",
    re.DOTALL | re.IGNORECASE,
)
LED_BY_NAME: Final = {
    "to": r"(?:in|into|to|ins|auf|nach|al|a|en|vers|au)",
    "from": r"(?:from|von|aus|ab|de|desde|du)",
}
_NAME: Final = r"[A-ZÄÖÜÉ][\w'-]*(?: [A-ZÄÖÜÉ][\w'-]*| (?:am|an der|de|del|la|sur) [A-ZÄÖÜÉ][\w'-]*)*"
_PAIRS: Final = (
    *(
        rf"\b(?:{first})\s+(?P<one>{_NAME})\s+(?:{then})\s+(?P<other>{_NAME})"
        for first, then in (
            ("between|zwischen", "and|und"),
            ("entre", "y|et"),
            ("from|von|ab|desde|de", "to|nach|bis|a|à|hasta"),
        )
    ),
    rf"(?P<one>{_NAME})\s+(?:to|->|→|\N{{EN DASH}})\s+(?P<other>{_NAME})",
)
"""Two names, one for each of two parameters."""
TOPICS: Final = frozenset(
    ["query", "topic", "subject", "keyword", "keywords", "search", "term", "q", "question", "theme"]
)
_TOPIC: Final = re.compile(
    r"\b(?:about|on|regarding|concerning|for|uber|\u00fcber|zu|zum thema|sobre|acerca de|sur|a propos de)\s+"
    rf"(?P<rest>[^?!\n{MARKS}]{{2,200}})",
    re.IGNORECASE,
)
_AFTER_COLON: Final = re.compile(rf":\s+([^{MARKS}]{{2,2000}})$", re.DOTALL)
PLACES: Final = frozenset(
    ["place", "city", "town", "location", "region", "country", "locality", "destination", "origin", "where"]
)
FILE_NAMES: Final = frozenset(
    ["file", "path", "filename", "pdf", "document", "source", "src", "attachment", "upload"]
)


def phrased(name: str, schema: Any, text: Text) -> Iterator[Found]:
    """Yield the words after a colon, and those a preposition leads: "in Berlin", "of 5 Main Street, Leeds"."""
    words = words_of(name, schema)
    colon = _AFTER_COLON.search(text.plain)
    if colon:
        yield Found(colon.group(1).strip(), 1.2 if words & TEXTUAL else 1.0)
    if words & (TEXTUAL | FILE_NAMES | {"csv"}):
        return
    own = _by_name(name, text)
    if own is not None:
        yield Found(own, 1.4)
    led = list(_REST.finditer(text.plain))
    if led:
        value = _ENDS.sub("", led[-1]["rest"]).strip(" ,.")
        if value and not any(c in MARKS for c in value):
            yield Found(value[:200], LEAST)
    topic = _TOPIC.search(text.plain) if words & TOPICS else None
    if topic:
        yield Found(_ENDS.sub("", topic["rest"]).strip(" ,."), 1.2)
    if words & PLACES:
        yield from _place(text)


def _place(text: Text) -> Iterator[Found]:
    """Yield a name that stands alone, for a parameter that is a place: "weather Berlin", "Berlin weather"."""
    starts = {w.start for w in text.words if w.text in COMMON or w.start == 0}
    for match in re.finditer(_NAME, text.plain):
        if match.start() not in starts and not foreign(fold(match.group())):
            yield Found(match.group(), LEAST - 0.1)


def _by_name(name: str, text: Text) -> str | None:
    """Return the word that "to" or "from" leads, for a parameter that is called so."""
    side = side_of(name)
    if side is None:
        return None
    for pattern in _PAIRS:
        pair = re.search(pattern, text.plain)
        if pair:
            return pair["one" if side == "from" else "other"]
    names = list(re.finditer(rf"\b{LED_BY_NAME[side]}\s+(\w[\w-]*(?: [A-Z][\w-]*)*)", text.plain))
    return names[-1].group(1) if names else None


def side_of(name: str) -> str | None:
    """Return which of "from" and "to" a parameter's name stands for."""
    if re.search(r"(?:^|_)(?:from|source|origin|start|departure|base)(?:_|$)", name):
        return "from"
    return (
        "to"
        if re.search(r"(?:^|_)(?:to|target|into|dest|destination|end|arrival|quote)(?:_|$)", name)
        else None
    )
