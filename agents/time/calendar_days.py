"""Which day a moment means: the order of day and month, the year left out, the weekday."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from agents.time.marks import DateMark, DayOrder
from agents.time.moments import Moment

FAR_DAYS: Final = 180
"""A date without a year further off than this could be of another year."""

_SOON_DAYS: Final = 20

Tense = Literal["future", "past", "open"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and what is doubtful about it; None where the text names none that exists."""

    day: date | None
    doubts: tuple[str, ...] = ()
    is_guessed: bool = False
    """The text names no day of the calendar: a time of day alone, or a weekday."""


def day_of(moment: Moment, *, today: date, hints: Sequence[DayOrder], tense: Tense) -> Day:
    """Return the day a moment names.

    Args:
        moment: With a date, a weekday, a relative day or none of them.
        today: In the moment's zone.
        hints: How dates in numbers are written, by each thing that says so.
        tense: Which way to look for what is not said.
    """
    if moment.date is not None:
        return _dated(moment, moment.date, today, hints, tense)
    if moment.day is not None:
        day = today + timedelta(days=moment.day.days)
        return Day(day, _weekday_doubts(moment, day))
    if moment.weekday is not None:
        return _named(moment, today, tense)
    return Day(today, is_guessed=True)


def _dated(moment: Moment, mark: DateMark, today: date, hints: Sequence[DayOrder], tense: Tense) -> Day:
    doubts: tuple[str, ...] = (mark.doubt,) if mark.doubt else ()
    year = mark.year if mark.year is not None else moment.year.year if moment.year else None
    readings = {order: _placed(mark, order, year, today, tense) for order in _orders(mark)}
    valid = {order: day for order, day in readings.items() if day is not None}
    if mark.short_year and mark.order is None and all(abs((d - today).days) > 1800 for d in valid.values()):
        return _year_first(mark, today)
    if not valid:
        return Day(None, ("no such day is in the calendar",))
    day, more = _chosen(moment, valid, hints)
    doubts += more + _weekday_doubts(moment, day)
    if year is None and abs((day - today).days) > FAR_DAYS:
        doubts += ("no year is given and the day is far off",)
    if mark.month_open and (day - today).days > _SOON_DAYS:
        doubts += ("no month is given and the day of that number has just passed",)
    return Day(day, doubts)


def _orders(mark: DateMark) -> tuple[DayOrder, ...]:
    return (mark.order,) if mark.order is not None else ("mdy", "dmy")


def _placed(mark: DateMark, order: DayOrder, year: int | None, today: date, tense: Tense) -> date | None:
    month, day = (mark.first, mark.second) if order == "mdy" else (mark.second, mark.first)
    if year is not None:
        return _real(year, month, day)
    if mark.month_open:
        return _next_numbered(today, day)
    around = [d for y in (-1, 0, 1) if (d := _real(today.year + y, month, day)) is not None]
    ahead = [d for d in around if d >= today]
    behind = [d for d in around if d <= today]
    if tense == "future" and ahead and (ahead[0] - today).days <= FAR_DAYS:
        return ahead[0]
    if tense == "past" and behind:
        return behind[-1]
    return min(around, key=lambda d: abs((d - today).days), default=None)


def _next_numbered(today: date, day: int) -> date | None:
    """Return the next day of that number, this month or later."""
    months = ((today.year + (today.month + i - 1) // 12, (today.month + i - 1) % 12 + 1) for i in range(3))
    return next((d for y, m in months if (d := _real(y, m, day)) is not None and d >= today), None)


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year_first(mark: DateMark, today: date) -> Day:
    day = _real(2000 + mark.first, mark.second, (mark.year or 2000) - 2000)
    if day is None or abs((day - today).days) > 1800:
        return Day(None, ("the date's numbers could be read in several orders",))
    return Day(day, ("the date seems to begin with its year",))


def _chosen(
    moment: Moment, valid: dict[DayOrder, date], hints: Iterable[DayOrder]
) -> tuple[date, tuple[str, ...]]:
    """Decide between day first and month first."""
    if len(set(valid.values())) == 1:
        return next(iter(valid.values())), ()
    if moment.weekday is not None:
        fitting = [d for d in valid.values() if d.weekday() == moment.weekday.weekday]
        if len(fitting) == 1:
            return fitting[0], ()
    said = list(hints)
    doubts = () if len(set(said)) == 1 else ("day and month could stand the other way round",)
    return valid[said[0] if said else "dmy"], doubts


def _weekday_doubts(moment: Moment, day: date) -> tuple[str, ...]:
    if moment.weekday is None or moment.weekday.weekday == day.weekday():
        return ()
    return (f"the weekday contradicts the date: {day.isoformat()} is a {day.strftime('%A')}",)


def _named(moment: Moment, today: date, tense: Tense) -> Day:
    assert moment.weekday is not None
    ahead = (moment.weekday.weekday - today.weekday()) % 7
    match moment.weekday.which:
        case "next":
            weeks = 7 if ahead == 0 or ahead + today.weekday() < 7 else 0
            return Day(
                today + timedelta(days=ahead + weeks), ("'next' before a weekday means either of two",)
            )
        case "last":
            return Day(
                today - timedelta(days=(7 - ahead) % 7 or 7), ("'last' before a weekday means either of two",)
            )
    if tense == "past":
        return Day(today - timedelta(days=(7 - ahead) % 7), is_guessed=True)
    return Day(today + timedelta(days=ahead), is_guessed=True)
