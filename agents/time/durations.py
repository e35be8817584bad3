"""Spans of time: `2d 04h left`, `in zwei Stunden`, `00:45:10 left`, `3 hours ago`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from agents.time.marks import SpanMark
from agents.time.vocabulary import MONTH_UNITS, NUMBERS, UNIT_SECONDS

_UNITS: Final = "|".join(sorted([*UNIT_SECONDS, *MONTH_UNITS], key=len, reverse=True))
_NUMBERS: Final = "|".join(sorted(NUMBERS, key=len, reverse=True))
_PIECE: Final = re.compile(
    r"(?<![\w.,:/$#-])"
    r"(?:(?P<n>\d{1,5}(?:[.,]\d{1,2})?)\s?-?\s?|(?P<half>half an?|half a|eine halbe|une demi)[- ]"
    rf"|(?P<word>{_NUMBERS})\s)(?P<unit>{_UNITS})(?![a-z'])(?:\(\w\)|\.)?(?!\s?/)",
    re.IGNORECASE,
)
_NEXT_PIECE: Final = re.compile(
    rf"(?P<n>\d{{1,5}})\s?(?P<unit>{_UNITS})(?![a-z'])(?:\(\w\)|\.)?", re.IGNORECASE
)
_JOINT: Final = re.compile(r"^[\s,:]*(?:and|und|et|y|e|en|&|\+)?[\s,]*$", re.IGNORECASE)
_COLONS: Final = re.compile(
    r"(?<![\d:.])(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d):([0-5]\d)(?![\d:])(?!\s?[ap]\.?m)"
)
_SHORT: Final = re.compile(r"(?<![\d:.])(\d{1,3}):([0-5]\d)(?![\d:])(?!\s?[ap]\.?m)")
_HOURS_MINUTES: Final = re.compile(r"(?<![\d:.])(\d{1,2})\s?h\s?([0-5]\d)(?![\w:])", re.IGNORECASE)
_AHEAD: Final = re.compile(
    r"(?:\b(?:in|dans|en|noch|binnen|within|restan|restam|queda|quedan|falta|faltan|faltam|reste|restent|left"
    r"|remaining|time left|countdown|mancano|tra|fra|nog|restzeit|verbleibend\w*|restant\w*|rimanent\w*)\b)"
    r"[\s:=-]*(?:only|still|nur|encore|solo)?\s*$",
    re.IGNORECASE,
)
_ENDING: Final = re.compile(
    r"\b(?:ends?|ending|clos(?:es|ing)|expires|endet|termine|ferme|fin|termina|cierra|finaliza|scade|chiude)"
    r"(?:\ssoon)?[\s:=-]*$",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"^\s*(?:\)\s*)?(?:left|remain\w*|to go|from now|restant\w*|verbleib\w*|ubrig|rimanent\w*|more|kvar|resterend)\b",
    re.IGNORECASE,
)
_AGO: Final = re.compile(r"^\s*(?:ago|earlier|fa|geleden|temu|atras)\b", re.IGNORECASE)
_AGO_AHEAD: Final = re.compile(r"\b(?:vor|il y a|hace|ha)\s*$", re.IGNORECASE)
_RELATED: Final = re.compile(
    r"^\s*(?:after|before|prior|past|following|nach|vor|apres|avant|despues|antes)\b", re.IGNORECASE
)
_DAYS_BEFORE: Final = re.compile(
    r"(?<![\w.,/-])(\d{1,3})\s?(?:d|days?|tage?|j|jours?|dias?)[\s,:]*(?:and|und)?\s*$", re.IGNORECASE
)
HEDGE: Final = re.compile(
    r"(?:\b(?:about|approx\w*|around|less than|under|over|more than|almost|nearly|circa|ca|etwa|ungefahr|environ"
    r"|moins de|plus de|menos de|unos|within|binnen|up to|at least|rund|gegen|fast|knapp|weniger als)\.?|[~<>])\s*$",
    re.IGNORECASE,
)


def spans(text: str) -> Iterator[SpanMark]:
    """Find spans, each made of as many units as stand together."""
    yield from _countdowns(text)
    at = 0
    whole = (len(text) - len(text.lstrip()), len(text.rstrip()))
    while (piece := _PIECE.search(text, at)) is not None:
        start, pieces = piece.start(), [piece]
        while (more := _following(text, pieces[-1])) is not None:
            pieces.append(more)
        at = pieces[-1].end()
        span = _span(text, start, at, pieces)
        is_all = span.units > 1 and (span.start, span.end) == whole
        yield replace(span, directed=True) if is_all else span


def hedged(text: str, start: int) -> bool:
    """Say whether what begins at `start` is called approximate."""
    return HEDGE.search(text[max(0, start - 20) : start]) is not None


def _following(text: str, last: re.Match[str]) -> re.Match[str] | None:
    attached = _NEXT_PIECE.match(text, last.end())
    more = attached or _PIECE.search(text, last.end(), last.end() + 40)
    if more is None or not _JOINT.match(text[last.end() : more.start()]):
        return None
    return more if _size(more) < _size(last) else None


def _size(piece: re.Match[str]) -> int:
    unit = piece["unit"].lower()
    return 2_592_000 if unit in MONTH_UNITS else UNIT_SECONDS[unit]


def _amount(piece: re.Match[str]) -> float:
    groups = piece.groupdict()
    if groups.get("half"):
        return 0.5
    if groups.get("word"):
        return NUMBERS[groups["word"].lower()]
    return float(piece["n"].replace(",", "."))


def _span(text: str, start: int, end: int, pieces: list[re.Match[str]]) -> SpanMark:
    seconds = sum(_amount(p) * _size(p) for p in pieces)
    before, after = text[max(0, start - 30) : start], text[end : end + 20]
    is_ago = bool(_AGO.match(after) or _AGO_AHEAD.search(before))
    tail = _BEHIND.match(after) or _AGO.match(after)
    doubt = ""
    if any(p["unit"].lower() in MONTH_UNITS for p in pieces):
        doubt = "a month has no fixed length"
    elif hedged(text, start):
        doubt = "the span is called approximate"
    elif _RELATED.match(after):
        doubt = "the span counts from something else than now"
    elif tail is not None and re.match(r"\s*(?:or|oder|ou|o)\b", after[tail.end() :], re.IGNORECASE):
        doubt = "an alternative is given"
    return SpanMark(
        start=start,
        end=end + (tail.end() if tail else 0),
        seconds=-seconds if is_ago else seconds,
        finest=min(_size(p) for p in pieces),
        units=len(pieces),
        directed=is_ago or tail is not None or bool(_AHEAD.search(before) or _ENDING.search(before)),
        doubt=doubt,
    )


def _countdowns(text: str) -> Iterator[SpanMark]:
    for found in _COLONS.finditer(text):
        days, hours, minutes, seconds = (int(g or 0) for g in found.groups())
        leading = _leading_days(text, found.start())
        total = (days or leading[0]) * 86_400 + hours * 3_600 + minutes * 60 + seconds
        directed = _directed(text, leading[1], found.end())
        if directed or hours > 24 or found[1] or leading[0]:
            tail = _BEHIND.match(text[found.end() : found.end() + 20])
            yield SpanMark(
                start=leading[1],
                end=found.end() + (tail.end() if tail else 0),
                seconds=total,
                finest=1,
                units=4,
                directed=directed,
                doubt="" if directed or leading[0] else "a countdown that no word calls one",
                clock_like=True,
            )
    for found in _HOURS_MINUTES.finditer(text):
        if _directed(text, found.start(), found.end()):
            total = int(found[1]) * 3_600 + int(found[2]) * 60
            yield SpanMark(*found.span(), total, finest=60, units=2, directed=True, clock_like=True)
    for found in _SHORT.finditer(text):
        if _directed(text, found.start(), found.end()):
            yield SpanMark(
                start=found.start(),
                end=found.end(),
                seconds=int(found[1]) * 60 + int(found[2]),
                finest=1,
                units=2,
                directed=True,
                doubt="two numbers of a countdown may be hours and minutes or minutes and seconds",
                clock_like=True,
            )


def _leading_days(text: str, start: int) -> tuple[int, int]:
    found = _DAYS_BEFORE.search(text[max(0, start - 20) : start])
    return (int(found[1]), max(0, start - 20) + found.start()) if found else (0, start)


def _directed(text: str, start: int, end: int) -> bool:
    return bool(_AHEAD.search(text[max(0, start - 30) : start]) or _BEHIND.match(text[end : end + 20]))
