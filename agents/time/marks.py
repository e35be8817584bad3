"""What stands where in a text: a date, a weekday, a clock time, a zone, a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

DayOrder = Literal["mdy", "dmy"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands: [start, end) in the plain text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InstantMark(Place):
    """A machine's own form: epoch, or ISO 8601 with an offset."""

    moment: datetime
    method: Literal["epoch", "iso"]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class DateMark(Place):
    """A day of a year; which of two numbers is the month may be open."""

    year: int | None
    first: int
    second: int
    order: DayOrder | None
    """None: the text itself does not say."""
    formal: bool = False
    """Written as machines and forms do (2026-03-05, 05.03.2026): its clock has 24 hours."""
    short_year: bool = False
    doubt: str = ""
    month_open: bool = False
    """Only the day is named (`the 7th`); `first` is 0."""


@dataclass(frozen=True, slots=True)
class YearMark(Place):
    """A year that stands apart from its day."""

    year: int


@dataclass(frozen=True, slots=True)
class WeekdayMark(Place):
    """A weekday, Monday 0."""

    weekday: int
    which: Literal["", "next", "last"]
    short: bool


@dataclass(frozen=True, slots=True)
class DayMark(Place):
    """A day counted from today."""

    days: int
    is_evening: bool | None = None
    """What the word says of the part of the day (tonight), if it does."""


@dataclass(frozen=True, slots=True)
class PartMark(Place):
    """A part of the day."""

    is_evening: bool


@dataclass(frozen=True, slots=True)
class ClockMark(Place):
    """A time of day."""

    hour: int
    """0 to 24."""
    minute: int
    second: int
    style: Literal["12", "24", "open", "bare", "midnight", "military"]
    """`open` (6:30) and `bare` (at 6) could be of either half of the day; `midnight`: the word."""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class ZoneMark(Place):
    """A zone or offset."""

    zone: tzinfo
    label: str
    order: DayOrder | None = None
    """How dates are written where the zone is, when that is known."""
    doubt: str = ""
    season_of: str = ""
    """IANA zone whose standard or summer time this abbreviation names."""


@dataclass(frozen=True, slots=True)
class SpanMark(Place):
    """A length of time."""

    seconds: float
    """Negative: ago."""
    finest: int
    """Seconds of the smallest unit named."""
    units: int
    """How many units are named."""
    directed: bool
    """The text says that it counts from now."""
    doubt: str = ""
    clock_like: bool = False
    """Written with colons."""


Mark = InstantMark | DateMark | YearMark | WeekdayMark | DayMark | PartMark | ClockMark | ZoneMark | SpanMark
