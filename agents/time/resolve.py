"""Turn a moment into an instant in UTC, with everything that is doubtful about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo

from agents.time.calendar_days import Tense, day_of
from agents.time.marks import ClockMark, DayOrder, InstantMark, SpanMark, ZoneMark
from agents.time.moments import Moment
from agents.time.places import at_wall, zone_doubts
from agents.time.zones import orders_in

Method = Literal["epoch", "iso", "duration", "countdown", "words", "dateparser", "none"]

_END_OF_DAY: Final = ClockMark(0, 0, 24, 0, 0, "24")
_EITHER_HALF: Final = "the time of day does not say whether before or after noon"
_TWO_YEARS: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a text is read against."""

    now: datetime
    zone: str
    """IANA name, for times that name none."""
    language: Literal["english", "foreign", "open"]
    """Whether the text is English; `open`: a word or two may be of another language."""
    tense: Tense = "open"
    zone_for_all: ZoneMark | None = None
    """A zone the text says of all its times."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment as an instant."""

    utc: datetime | None
    doubts: tuple[str, ...]
    method: Method
    early_s: int = 60
    """How much earlier another wording of the same instant may lie."""
    late_s: int = 60
    """How much later."""


def resolve(moment: Moment, setting: Setting) -> Reading:
    """Return the instant a moment means, or the best guess with its doubts."""
    try:
        reading = _resolved(moment, setting)
    except (OverflowError, ValueError):
        return Reading(None, ("the time lies outside the calendar",), "none")
    doubts = tuple(dict.fromkeys((*moment.doubts, *reading.doubts, *_tense_doubts(reading.utc, setting))))
    return replace(reading, doubts=doubts)


def _resolved(moment: Moment, setting: Setting) -> Reading:
    if moment.instant is not None:
        return _from_instant(moment.instant)
    if moment.span is not None:
        return _from_span(moment.span, setting.now)
    return _from_words(moment, setting)


def _tense_doubts(utc: datetime | None, setting: Setting) -> tuple[str, ...]:
    if utc is None:
        return ()
    doubts: tuple[str, ...] = ()
    if setting.tense == "future" and utc < setting.now:
        doubts = ("what is to end lies in the past",)
    if setting.tense == "past" and utc > setting.now:
        doubts = ("what has ended lies in the future",)
    return (*doubts, "the time is years away") if abs(utc - setting.now) > _TWO_YEARS else doubts


def _from_instant(mark: InstantMark) -> Reading:
    return Reading(mark.moment, (mark.doubt,) if mark.doubt else (), mark.method, early_s=1, late_s=1)


def _from_span(span: SpanMark, now: datetime) -> Reading:
    doubts = (span.doubt,) if span.doubt else ()
    method: Method = "countdown" if span.clock_like else "duration"
    if not span.directed and not span.doubt:
        doubts = ("a length of time that does not say from when",)
    return Reading(now + timedelta(seconds=span.seconds), doubts, method, span.finest, span.finest)


def _from_words(moment: Moment, setting: Setting) -> Reading:
    named = moment.zone or setting.zone_for_all
    zone: tzinfo = named.zone if named else ZoneInfo(setting.zone)
    today = setting.now.astimezone(zone).date()
    day = day_of(moment, today=today, hints=_hints(moment, named, setting), tense=setting.tense)
    if day.day is None:
        return Reading(None, day.doubts, "none")
    clock, doubts = _clock(moment, setting)
    utc, place_doubts = at_wall(day.day, clock, zone)
    is_back = setting.tense == "past"
    if day.is_guessed and (utc > setting.now if is_back else utc <= setting.now):
        step = 7 if moment.weekday is not None else 1
        utc, place_doubts = at_wall(day.day + timedelta(days=-step if is_back else step), clock, zone)
        doubts = (*doubts, _moved(step, is_back=is_back))
    zoned = zone_doubts(named, utc, others=moment.more_zones) if named else ()
    slack = (60, 60) if moment.clock else (86_400, 0)
    return Reading(utc, (*day.doubts, *doubts, *place_doubts, *zoned), "words", *slack)


def _moved(step: int, *, is_back: bool) -> str:
    said = "the weekday" if step == 7 else "the time of day"
    return f"{said} has not come yet" if is_back else f"{said} has already passed"


def _hints(moment: Moment, named: ZoneMark | None, setting: Setting) -> Sequence[DayOrder]:
    said: list[DayOrder] = []
    if named is not None and named.order is not None:
        said.append(named.order)
    if setting.language != "english":
        said.append("dmy")
    is_elsewhere = setting.language == "foreign" and not (moment.clock and moment.clock.style == "12")
    return said if is_elsewhere else [*said, *orders_in(setting.zone)]


def _clock(moment: Moment, setting: Setting) -> tuple[ClockMark, tuple[str, ...]]:
    """Return the time of day meant, and what is doubtful about it."""
    clock = moment.clock
    if clock is None:
        return _END_OF_DAY, ("no time of day is given; the day's end is taken",)
    if clock.doubt:
        return clock, (clock.doubt,)
    part = moment.part.is_evening if moment.part else moment.day.is_evening if moment.day else None
    match clock.style:
        case "midnight":
            is_clear = moment.day is not None or not moment.has_day
            return clock, () if is_clear else ("midnight could be the day's beginning or its end",)
        case "open" | "bare" | "24" if part is not None and 1 <= clock.hour <= 12:
            return _in_part(clock, is_evening=part)
        case "bare":
            return clock, (_EITHER_HALF,)
        case "open" if not (setting.language == "foreign" or (moment.date and moment.date.formal)):
            return clock, (_EITHER_HALF,)
        case "military":
            return clock, () if moment.date else ("four digits taken for a time of day",)
        case _:
            return clock, ()


def _in_part(clock: ClockMark, *, is_evening: bool) -> tuple[ClockMark, tuple[str, ...]]:
    """Return an hour without am or pm as the part of the day has it; noon and small hours stay open."""
    is_noon = clock.hour == 12 and clock.end - clock.start > 5
    shifted = replace(clock, hour=clock.hour % 12 + 12 if is_evening else clock.hour, style="12")
    is_clear = is_noon or (5 <= clock.hour <= 11 if is_evening else clock.hour < 12)
    return shifted, () if is_clear else (_EITHER_HALF,)


def utc_now(now: datetime) -> datetime:
    """Return `now` in UTC; one without a zone is taken for UTC."""
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
