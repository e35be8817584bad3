"""Put the marks of a clause together into moments: what a text says of one instant each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from agents.time.marks import (
    ClockMark,
    DateMark,
    DayMark,
    InstantMark,
    Mark,
    PartMark,
    SpanMark,
    WeekdayMark,
    YearMark,
    ZoneMark,
)
from agents.time.vocabulary import FILLERS, RANGE_WORDS

Joint = Literal["first", "range", "echo", "apart"]

_FIELDS: Final[dict[type[Mark], str]] = {
    InstantMark: "instant",
    SpanMark: "span",
    DateMark: "date",
    YearMark: "year",
    WeekdayMark: "weekday",
    DayMark: "day",
    ClockMark: "clock",
    ZoneMark: "zone",
    PartMark: "part",
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_TOWN: Final = re.compile(r"[A-Z][a-z]+,?\s$")
_RANGE: Final = re.compile(rf"-|\b(?:{'|'.join(sorted(RANGE_WORDS))})\b", re.IGNORECASE)


@dataclass(slots=True)
class Moment:
    """What is said of one instant; a field that is None was not said."""

    joint: Joint = "first"
    """How it follows the moment before: the end of a range, the same instant once more, or neither."""
    start: int = 0
    instant: InstantMark | None = None
    span: SpanMark | None = None
    date: DateMark | None = None
    year: YearMark | None = None
    weekday: WeekdayMark | None = None
    day: DayMark | None = None
    clock: ClockMark | None = None
    zone: ZoneMark | None = None
    part: PartMark | None = None
    doubts: list[str] = field(default_factory=list)
    more_zones: list[ZoneMark] = field(default_factory=list)
    """Zones named after the first; they must agree with it."""

    @property
    def has_day(self) -> bool:
        """Whether it names a day."""
        return bool(self.date or self.weekday or self.day)

    @property
    def is_telling(self) -> bool:
        """Whether it names more than a zone, a year or a part of the day."""
        return bool(self.instant or self.span or self.has_day or self.clock)

    def takes(self, mark: Mark) -> bool:
        """Say whether `mark` can be of the same moment."""
        match mark:
            case InstantMark() | SpanMark():
                return not self.is_telling
            case DateMark():
                return not (self.date or self.day or self.instant or self.span)
            case DayMark():
                return not (self.date or self.day or self.instant or self.span)
            case WeekdayMark():
                return not (self.weekday or self.instant or self.span)
            case ClockMark():
                return not (self.clock or self.instant or self.span)
            case ZoneMark():
                return not (self.instant or self.span)
            case PartMark():
                return not (self.part or self.instant or self.span)
            case YearMark():
                return self.date is not None and self.date.year is None and self.year is None

    def put(self, mark: Mark) -> None:
        """Take `mark` in."""
        if isinstance(mark, ZoneMark) and self.zone is not None:
            self.more_zones.append(mark)
        else:
            setattr(self, _FIELDS[type(mark)], mark)

    def marks(self) -> tuple[Mark, ...]:
        """Return the marks it is made of."""
        own = (
            self.instant,
            self.span,
            self.date,
            self.year,
            self.weekday,
            self.day,
            self.clock,
            self.zone,
            self.part,
        )
        return (*(mark for mark in own if mark is not None), *self.more_zones)


def moments(text: str, marks: Sequence[Mark]) -> list[Moment]:
    """Return the moments that marks in order make, broken runs joined where they complete each other."""
    runs: list[Moment] = []
    last: Mark | None = None
    for mark in marks:
        gap = text[last.end : mark.start] if last is not None else ""
        fits = bool(runs) and _is_filler(gap) and runs[-1].takes(mark)
        if fits:
            runs[-1].put(mark)
        elif not isinstance(mark, YearMark):
            runs.append(Moment(joint=_joint(gap, runs), start=mark.start))
            runs[-1].put(mark)
            if isinstance(last, YearMark) and not gap.strip() and runs[-1].takes(last):
                runs[-1].put(last)
        last = mark
    return _joined(runs)


def lone_zones(text: str, marks: Sequence[Mark]) -> list[ZoneMark]:
    """Return zones that stand by no time, except where they are a state's letters after a town."""
    zones = [m for m in marks if isinstance(m, ZoneMark)]
    return [z for z in zones if not _TOWN.search(text[max(0, z.start - 30) : z.start])]


def echoes_zone(text: str, mark: ZoneMark) -> bool:
    """Say whether a zone that stands alone is said of every time: `All times Eastern`."""
    around = text[max(0, mark.start - 40) : mark.end + 12]
    return re.search(r"\btimes?\b|\bzone\b|zeit|\bheures?\b|\bhoras?\b", around, re.IGNORECASE) is not None


def _is_filler(gap: str) -> bool:
    if len(gap) > 40 or any(c.isdigit() for c in gap) or any(c in gap for c in ";$€£#%"):
        return False
    return all(word.lower() in FILLERS for word in _WORD.findall(gap))


def _joint(gap: str, runs: Sequence[Moment]) -> Joint:
    if not runs:
        return "first"
    if not _is_filler(gap):
        return "apart"
    return "range" if _RANGE.search(gap) else "echo"


def _joined(runs: Iterable[Moment]) -> list[Moment]:
    joined: list[Moment] = []
    for run in runs:
        if not run.is_telling:
            continue
        before = joined[-1] if joined else None
        if before is not None and run.joint == "apart" and _completes(before, run):
            if _is_stray(before) or _is_stray(run):
                before.doubts.append("a short weekday stands apart from the time")
            for mark in run.marks():
                before.put(mark)
        else:
            joined.append(run)
    after = [*(run.joint for run in joined[1:]), "apart"]
    return [
        run
        for run, following in zip(joined, after, strict=True)
        if not (_is_stray(run) and run.joint in {"first", "apart"} and following == "apart")
    ]


def _is_stray(run: Moment) -> bool:
    """A short weekday by itself (`sat`, `sun`, `mer`) is some other word."""
    return run.marks() == (run.weekday,) and run.weekday is not None and run.weekday.short


def _completes(one: Moment, other: Moment) -> bool:
    if one.instant or one.span or other.instant or other.span:
        return False
    halves = {(one.has_day, bool(one.clock)), (other.has_day, bool(other.clock))}
    return halves == {(True, False), (False, True)} and all(one.takes(m) for m in other.marks())
