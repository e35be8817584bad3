"""Days: `03/05/2026`, `5. März`, `March 5-7, 2026`, `Thu`, `übermorgen`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from agents.time.marks import DateMark, DayMark, WeekdayMark, YearMark
from agents.time.vocabulary import MONTHS, RELATIVE_DAYS, WEEKDAYS, word_set

_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_DAY_WORD: Final = "|".join(sorted((w.replace(" ", r"\s") for w in RELATIVE_DAYS), key=len, reverse=True))
_YEAR_AFTER: Final = (
    r"(?:[\s,./-]*(?:de|del|of)?\s?"
    r"(?:(?P<y>20\d\d)(?![\d:.]\d|\d)|'(?P<yy>\d\d)\b|(?<=[-/])(?P<yd>\d\d)(?![\d:])))?"
)
_NOT_CLOCK: Final = r"(?!\d|[:h]\s?\d|\s?[ap]\.?m\b|\s?uhr)"

_YMD: Final = re.compile(r"(?<![\d.,/$#-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d|[-/.]\d)")
_COMPACT: Final = re.compile(r"(?<![\d.,/$#-])(20\d\d)([01]\d)([0-3]\d)(?=T\d{4})")
_NUMERIC: Final = re.compile(
    r"(?<![\d.,/$#-])(\d{1,2})(?:([-/])|\.\s?)(\d{1,2})(?:(?(2)\2|\.\s?))(\d{4}|\d{2})(?![\d:]|[-/.]\d)"
)
_SLASHED: Final = re.compile(
    r"(?<![\d.,/$#-])(\d{1,2})/(\d{1,2})"
    r"(?![\d/.:%]|\s?(?:ton|hours?|inch|in\b|\"|off|price|star|cup|hp|full|x\b))",
    re.IGNORECASE,
)
_DOTTED: Final = re.compile(r"(?<![\d.,/$#-])(\d{1,2})\.(\d{1,2})\.(?!\d)")
_ORDINAL: Final = re.compile(
    r"(?<![\w.,/$#:-])(\d{1,2})(?:st|nd|rd|th)\b(?P<rel>\sof\s(?:next|last|each|every)\s\w+)?(?!\s(?:gen|edition|row|wheel|owner))",
    re.IGNORECASE,
)
_DAY_FIRST: Final = re.compile(
    r"(?<![\d.,/$#:-])(?:\d{1,2}\.?\s?(?:-|to|bis|au|al)\s?)?(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.|o)?"
    rf"[\s/-]*(?:of|de|du)?\s?\b(?P<m>{_MONTH})\b\.?{_YEAR_AFTER}",
    re.IGNORECASE,
)
_MONTH_FIRST: Final = re.compile(
    rf"\b(?P<m>{_MONTH})\b[\s./-]*(?P<d>\d{{1,2}}){_NOT_CLOCK}(?:st|nd|rd|th)?\b\.?"
    rf"(?:\s?(?:-|to)\s?(?P<d2>\d{{1,2}}){_NOT_CLOCK}(?:st|nd|rd|th)?\b)?{_YEAR_AFTER}",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"(?<![\w.,/$#:-])(20\d\d)(?![\w:%]|[.,/-]\d)")
_NAMED: Final = re.compile(
    rf"\b(?:(next|nachste[nr]?|kommende[nr]?|proxim[oa]|prochaine?|last|letzte[nr]?|dernier|pasado)\s)?({_WEEKDAY})\b"
    r"(\.)?(?:\s(prochain|proximo|prossimo|dernier|next week|week)\b)?",
    re.IGNORECASE,
)
_GERMAN_SHORT: Final = re.compile(r"\b(Mo|Di|Mi|Do|Fr|Sa|So)(?=\.?,?\s(?:den\s|dem\s)?\d|\.,)")
_RELATIVE: Final = re.compile(rf"\b({_DAY_WORD})(?!\w)", re.IGNORECASE)
_MORNING_WORD: Final = re.compile(r"(?:\b(?:la|heute|this)\s)$", re.IGNORECASE)
_EVENINGS: Final = frozenset(
    (
        "tonight",
        "ce soir",
        "esta noche",
        "esta tarde",
        "stasera",
        "vanavond",
        "this afternoon",
        "this evening",
    )
)
_LAST: Final = word_set("last letzter letzten letztes dernier pasado")


def dates(text: str) -> Iterator[DateMark]:
    """Find days of a year, in numbers and in words."""
    for found in (*_COMPACT.finditer(text), *_YMD.finditer(text)):
        yield DateMark(*found.span(), *_year_month_day(found), "mdy", formal=True)
    for found in _NUMERIC.finditer(text):
        yield _numeric(found)
    yield from _in_words(text)
    yield from _without_year(text)
    for found in _ORDINAL.finditer(text):
        doubt = "the month is named by its distance" if found["rel"] else ""
        yield DateMark(*found.span(), None, 0, int(found[1]), "mdy", month_open=True, doubt=doubt)


def _year_month_day(found: re.Match[str]) -> tuple[int, int, int]:
    year, *rest = (int(g) for g in found.groups() if g.isdigit())
    return year, rest[0], rest[1]


def _in_words(text: str) -> Iterator[DateMark]:
    month_first = list(_MONTH_FIRST.finditer(text))
    for found in _DAY_FIRST.finditer(text):
        meets = any(m.start("m") == found.start("m") for m in month_first)
        yield _worded(found, doubt="a number stands on either side of the month" if meets else "")
    for found in month_first:
        yield _worded(found)


def _without_year(text: str) -> Iterator[DateMark]:
    """Find days in two numbers that can be a day and a month; 24/7 is none."""
    if "24/7" not in text:
        for found in _SLASHED.finditer(text):
            if min(int(found[1]), int(found[2])) <= 12 and max(int(found[1]), int(found[2])) <= 31:
                yield DateMark(*found.span(), None, int(found[1]), int(found[2]), None)
    for found in _DOTTED.finditer(text):
        if int(found[1]) <= 31 and int(found[2]) <= 12:
            yield DateMark(*found.span(), None, int(found[1]), int(found[2]), "dmy", formal=True)


def years(text: str) -> Iterator[YearMark]:
    """Find years that stand apart."""
    for found in _YEAR.finditer(text):
        yield YearMark(*found.span(), int(found[1]))


def weekdays(text: str) -> Iterator[WeekdayMark]:
    """Find weekdays; `mar` is one only right before a day that has its month."""
    for found in _NAMED.finditer(text):
        word = found[2].lower()
        yield WeekdayMark(
            *found.span(), WEEKDAYS[word], _which(found[1] or found[4] or ""), short=len(word) <= 4
        )
    for found in _GERMAN_SHORT.finditer(text):
        yield WeekdayMark(*found.span(), "MoDiMiDoFrSaSo".index(found[1]) // 2, "", short=True)
    for found in re.finditer(
        rf"\bmar\b\.?,?\s(?=\d{{1,2}}\.?\s(?:de\s)?(?:{_MONTH})\b)", text, re.IGNORECASE
    ):
        yield WeekdayMark(*found.span(), 1, "", short=True)


def relative_days(text: str) -> Iterator[DayMark]:
    """Find days counted from today; `morgen` and `mañana` are not taken where they mean the morning."""
    for found in _RELATIVE.finditer(text):
        word = " ".join(found[1].lower().split())
        if word in {"morgen", "manana"} and _MORNING_WORD.search(text[: found.start()][-8:]):
            continue
        yield DayMark(*found.span(), RELATIVE_DAYS[word], _part(word))


def _part(word: str) -> bool | None:
    if word in _EVENINGS:
        return True
    return False if word == "this morning" else None


def _which(word: str) -> Literal["", "next", "last"]:
    if not word:
        return ""
    return "last" if word.lower() in _LAST else "next"


def _numeric(found: re.Match[str]) -> DateMark:
    first, separator, second, year = int(found[1]), found[2], int(found[3]), found[4]
    return DateMark(
        *found.span(),
        int(year) + (2000 if len(year) == 2 else 0),
        first,
        second,
        None if separator else "dmy",
        formal=separator is None or (len(found[1]) == 2 and len(found[3]) == 2),
        short_year=len(year) == 2,
    )


def _worded(found: re.Match[str], *, doubt: str = "") -> DateMark:
    groups = found.groupdict()
    short = groups["yy"] or groups["yd"]
    year = int(groups["y"]) if groups["y"] else 2000 + int(short) if short else None
    day = int(groups.get("d2") or groups["d"])
    month = MONTHS[groups["m"].lower()]
    return DateMark(*found.span(), year, month, day, "mdy", short_year=bool(short), doubt=doubt)
