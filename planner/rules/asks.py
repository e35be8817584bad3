"""Several asks in one objective, told apart where each brings its own material."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from planner.chaining.calling import called_by_card
from planner.chaining.handed import can_start
from planner.chaining.profiles import Profile
from planner.rules.direct import DATED
from planner.rules.draft import Draft
from planner.rules.guest_names import CONVERT, ECHO, SCHEMA_CHECK, SENSED, TABLE, TEMPLATE, WORDING
from planner.rules.request import read_request
from planner.rules.senses import senses_in
from planner.rules.text import MARKS, URL_MARK, Text

MAX_ASKS: Final = 12
MAX_SEGMENTS: Final = 24
"""A text of more pieces is one ask: a letter, not a list of errands."""
_BREAK: Final = re.compile(
    r"[.?!;]+(?=\s|$)|\n+|,?\s+(?:and|und|y|et|then|dann|luego|puis|also|plus)\b(?:\s+(?:also|then"
    r"|separately|besides|auch|danach|ausserdem|tambien|"
    r"aussi|ensuite|por separado))*,?(?=\s)|,(?=\s+(?:then|also|and|convert|count|sort|tell|what|how"
    r"|which|is|was|echo|fill|check|validate|"
    r"sag|sortiere|zahle|rechne|cuenta|ordena|convierte|compte|trie|convertis|dime|dis)\b)|:(?=\s)"
)
_BACK: Final = re.compile(
    r"\b(?:it|its|them|they|their|those|these|that|result|results|output|outcome|the (?:rows|prices|lots"
    r"|listings|total|sum|answer)|one of|"
    r"es|ihn|sie|deren|dessen|ergebnis\w*|daraus|davon|damit|"
    r"lo|los|las|su|sus|resultado\w*|ello|les|leur|leurs|resultat\w*|en)\b"
)


def asks_in(text: Text, draft: Draft, profiles: Sequence[Profile] = ()) -> list[Text]:
    """Return the asks of a text that stand on their own; most texts are one."""
    segments = _segments(text)
    if not 1 < len(segments) <= MAX_SEGMENTS:
        return [text]
    groups: list[list[tuple[int, int]]] = []
    complete: list[bool] = []
    for start, end in segments:
        part = text.parts([(start, end)])
        whole = _is_complete(part, draft, profiles)
        if (
            groups
            and complete[-1]
            and whole
            and not _joins(part, text.parts(groups[-1]))
            and len(groups) < MAX_ASKS
        ) or not groups:
            groups.append([(start, end)])
            complete.append(whole)
        else:
            groups[-1].append((start, end))
            complete[-1] = complete[-1] or whole or _is_complete(text.parts(groups[-1]), draft, profiles)
    if len(groups) < 2:
        return [text]
    return [text.parts(spans) for spans in _pages_together(groups, text)]


def _segments(text: Text) -> list[tuple[int, int]]:
    folded = text.folded
    breaks = [m for m in _BREAK.finditer(folded) if m.group()[0] in ".?!;\n" or not _goes_on(folded, m.end())]
    cuts = [0, *(m.end() for m in breaks), len(folded)]
    return [(a, b) for a, b in pairwise(cuts) if text.folded[a:b].strip()]


def _goes_on(folded: str, at: int) -> bool:
    """Say whether a list goes on after an "and": "a.jpg and b.jpg"."""
    return folded[at:].lstrip()[:1] in MARKS


def _joins(part: Text, before: Text) -> bool:
    """Say whether a part goes on with what was asked before: it points back, or both are of pages."""
    if part.urls and before.urls:
        return True
    return bool(_BACK.search(re.sub(r"\b(?:what is that|and that)\b", "that", part.folded)))


def _pages_together(groups: list[list[tuple[int, int]]], text: Text) -> list[list[tuple[int, int]]]:
    """Return the groups, those about pages as one: what is found on several pages is put together."""
    paged = [g for g in groups if text.parts(g).urls]
    if len(paged) < 2:
        return groups
    rest = [g for g in groups if g not in paged]
    return [[span for g in paged for span in g], *rest]


def _is_complete(part: Text, draft: Draft, profiles: Sequence[Profile]) -> bool:
    """Say whether a part asks for something and brings the material for it."""
    if part.urls:
        return True
    marks = {c for c in part.plain if c in MARKS} - {URL_MARK}
    for call, _ in senses_in(part, draft):
        given = set(call.presets)
        if (
            (call.card.name == CONVERT and given & {"value", "values"})
            or (call.card.name == WORDING and "text" in given)
            or (call.card.name == TEMPLATE and given >= {"template", "values"})
            or (call.card.name == SCHEMA_CHECK and given >= {"schema", "value"})
            or (call.card.name == TABLE and given & {"csv", "rows"})
            or (call.card.name == ECHO and marks)
        ):
            return True
    if part.images:
        return True
    request = read_request(part)
    dated = bool(part.quotes) or (request.window is None and DATED.search(part.folded) is not None)
    lists = any(isinstance(v, list) for v in part.values)
    if part.literals and any(
        can_start(c, part, draft) for c in called_by_card(part, profiles) if c.card.name not in SENSED
    ):
        return True
    return (request.wants_clock and dated) or (
        (request.wants_reckoning or bool(request.wants & {"ascending", "descending"})) and lists
    )
