"""Turn a wall time at a place into an instant, saying where the clock change makes that doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from agents.time.marks import ClockMark, ZoneMark

SKIPPED: Final = "the clock change skips that time of day"
DOUBLED: Final = "the clock change makes that time of day happen twice; the first is meant here"


def at_wall(day: date, clock: ClockMark, zone: tzinfo) -> tuple[datetime, tuple[str, ...]]:
    """Return the instant in UTC and what is doubtful about it; 24:00 is the day's end.

    Raises:
        OverflowError: It lies outside the calendar.
    """
    midnight = datetime.combine(day, datetime.min.time())
    wall = midnight + timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        return moment, (SKIPPED,)
    if wall.replace(tzinfo=zone, fold=1).utcoffset() != wall.replace(tzinfo=zone).utcoffset():
        return moment, (DOUBLED,)
    return moment, ()


def zone_doubts(mark: ZoneMark, moment: datetime, *, others: Sequence[ZoneMark] = ()) -> tuple[str, ...]:
    """Return what is doubtful about a zone's name, or several names of one zone, at an instant."""
    found = (mark.doubt,) if mark.doubt else ()
    offset = moment.astimezone(mark.zone).utcoffset()
    if any(moment.astimezone(other.zone).utcoffset() != offset for other in others):
        found = (*found, "two zones are named that disagree")
    if mark.season_of and not mark.doubt:
        there = moment.astimezone(ZoneInfo(mark.season_of)).utcoffset()
        if there != moment.astimezone(mark.zone).utcoffset():
            return (*found, f"{mark.label} is not in force there on that day")
    return found
