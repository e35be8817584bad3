"""Times of day: `6:30p`, `18h30`, `18.30 Uhr`, `8 a.m.`, `noon`, `a las 6 de la tarde`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from agents.time.marks import ClockMark, PartMark
from agents.time.vocabulary import EVENING, MORNING

_COLON: Final = re.compile(
    r"(?<![\d:.,$#])(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s?([ap])\.?\s?m\b\.?|([ap])\b)?(?![\d:])",
    re.IGNORECASE,
)
_HOUR: Final = re.compile(
    r"(?<![\d:.,$#/])(\d{1,2})(?:\.([0-5]\d))?(?:\s?([ap])\.?\s?m\b\.?|([ap])\b(?!\.\w))(?!\w)", re.IGNORECASE
)
_LETTER_H: Final = re.compile(r"(?<![\d:.,$#/])(\d{1,2})\s?h\s?([0-5]\d)(?!\w)", re.IGNORECASE)
_UHR: Final = re.compile(r"(?<![\d:,$#/])(\d{1,2})(?:[:.]([0-5]\d))?\s?uhr(?:\s([0-5]\d)\b)?", re.IGNORECASE)
_AT: Final = re.compile(
    r"(?:(?<=@)|(?<=@ )|\b(?:at|um|a las|a la|a|alle|ore|om|kl\.?|klo|as|vers|gegen|around)\s)"
    r"(\d{1,2})(?:[.]([0-5]\d))?(\s?h\b)?(?![\d:/,$%]|\.\d|\s[a-z]+\s\d{4}"
    r"|\s?(?:uhr|[ap]\.?m|%|d\b|days?|hours?|min|weeks?|st\b|nd\b|rd\b|th\b|-\d))",
    re.IGNORECASE,
)
_LONE_H: Final = re.compile(r"(?<![\d:.,$#/])(\d{1,2})\s?h\b(?!\s?\d)", re.IGNORECASE)
_MILITARY: Final = re.compile(
    r"(?<![\d:.,$#/-])([01]\d|2[0-3])([0-5]\d)(?=\s?(?:Z|UTC|GMT|h|hrs|hours)\b)(?:\s?(?:hrs|hours|h)\b)?"
)
_NOON: Final = re.compile(
    r"\b(?:12(?::00)?\s)?(?:noon|midday|mittags?|midi|mediodia|mezzogiorno|meio-dia)\b", re.IGNORECASE
)
_MIDNIGHT: Final = re.compile(
    r"\b(?:12(?::00)?\s)?(?:midnight|mitternacht|minuit|medianoche|mezzanotte|meia-noite|middernacht)\b",
    re.IGNORECASE,
)
_PART: Final = re.compile(
    r"\b(?:(?:in the|at|de la|por la|da|du|de l'|l'|del|di|am)\s?)?"
    rf"({'|'.join(sorted(MORNING | EVENING, key=len, reverse=True))})\b"
    r"|\b(?:de|por|en) la (manana)\b|\b(?:heute|this) (morgen)\b|(?<=uhr) (morgen)s\b",
    re.IGNORECASE,
)


def clocks(text: str) -> Iterator[ClockMark]:
    """Find times of day, the surest forms first."""
    for found in _NOON.finditer(text):
        yield ClockMark(found.start(), found.end(), 12, 0, 0, "24")
    for found in _MIDNIGHT.finditer(text):
        yield ClockMark(found.start(), found.end(), 24, 0, 0, "midnight")
    for found in _UHR.finditer(text):
        yield from _mark(found, found[1], found[2] or found[3], style="24")
    for found in _COLON.finditer(text):
        half = found[4] or found[5]
        style: Literal["24", "open"] = "24" if len(found[1]) == 2 or found[3] else "open"
        yield from _mark(found, found[1], found[2], second=found[3], half=half, style=style)
    for found in _HOUR.finditer(text):
        yield from _mark(found, found[1], found[2], half=found[3] or found[4])
    for found in _LETTER_H.finditer(text):
        yield from _mark(found, found[1], found[2], style="24")
    for found in _MILITARY.finditer(text):
        yield from _mark(found, found[1], found[2], style="military")
    for found in _AT.finditer(text):
        yield from _mark(found, found[1], found[2], style="24" if found[2] or found[3] else "bare")


def lone_hours(text: str) -> Iterator[ClockMark]:
    """Find `18h`, which beside a date is a time of day and elsewhere a span."""
    for found in _LONE_H.finditer(text):
        yield from _mark(found, found[1], None, style="24")


def parts(text: str) -> Iterator[PartMark]:
    """Find parts of the day."""
    for found in _PART.finditer(text):
        word = next(g for g in found.groups() if g).lower()
        yield PartMark(found.start(), found.end(), word in EVENING)


def _mark(
    found: re.Match[str],
    hour: str,
    minute: str | None,
    *,
    second: str | None = None,
    half: str | None = None,
    style: Literal["24", "open", "bare", "military"] = "24",
) -> Iterator[ClockMark]:
    at = (found.start(), found.end())
    h, m, s = int(hour), int(minute or 0), int(second or 0)
    if h > 24 or (h == 24 and (m or s)):
        return
    if half is None:
        yield ClockMark(*at, h, m, s, "24" if style in {"open", "bare"} and not 1 <= h <= 12 else style)
    elif 1 <= h <= 12:
        yield ClockMark(*at, h % 12 + (12 if half.lower() == "p" else 0), m, s, "12")
    else:
        yield ClockMark(*at, h, m, s, "12", doubt="the hour and its am or pm contradict each other")
