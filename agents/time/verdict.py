"""Decide between the instants a text gives: echoes agree, ranges end, contradictions are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Final

from agents.time.marks import DayMark
from agents.time.moments import Moment
from agents.time.resolve import Reading, Setting, resolve

_DAY_S: Final = 86_400
_NONE: Final = Reading(None, ("no time was found",), "none")


def decide(moments: Sequence[Moment], setting: Setting) -> Reading:
    """Return the one reading of moments in order, doubtful where they disagree."""
    readings: list[Reading] = []
    ranges = sum(moment.joint == "range" for moment in moments)
    for moment, inherits in _with_days(_with_spans_as_days(_without_lengths(moments))):
        reading = resolve(moment, setting)
        if moment.joint == "range" and readings and readings[-1].method == "words":
            readings[-1] = _range_end(readings[-1], reading)
        else:
            readings.append(_echo(readings[-1], reading) if inherits and readings else reading)
    found = agree(readings)
    return replace(found, doubts=(*found.doubts, "several ranges are given")) if ranges > 1 else found


def agree(readings: Sequence[Reading]) -> Reading:
    """Return what readings of the same thing say together."""
    timed = [r for r in readings if r.utc is not None]
    if not timed:
        return readings[0] if readings else _NONE
    spans = [r for r in timed if r.method in {"duration", "countdown"}]
    stated = [r for r in timed if r not in spans]
    chosen = spans[0] if spans else stated[0]
    agreeing = [r for r in timed if _near(chosen, r)]
    if len(agreeing) < len(readings):
        return replace(chosen, doubts=(*chosen.doubts, "the text gives times that disagree"))
    return min(agreeing, key=lambda r: (len(r.doubts), r.early_s))


def _near(one: Reading, other: Reading) -> bool:
    assert one.utc is not None
    assert other.utc is not None
    later = (other.utc - one.utc).total_seconds()
    return -max(one.early_s, other.late_s) <= later <= max(one.late_s, other.early_s)


def _range_end(first: Reading, last: Reading) -> Reading:
    if first.utc is None or last.utc is None or last.utc > first.utc:
        return last
    return replace(last, doubts=(*last.doubts, "a range whose end does not follow its beginning"))


def _echo(first: Reading, again: Reading) -> Reading:
    """Move a repeated time of day to the day on which it is the same instant, as zones shift it past midnight."""
    if first.utc is None or again.utc is None:
        return again
    for days in (-1, 1):
        moved = again.utc + timedelta(days=days)
        if abs(moved - first.utc) <= timedelta(seconds=first.early_s):
            return replace(again, utc=moved)
    return again


def _with_days(moments: Sequence[Moment]) -> list[tuple[Moment, bool]]:
    """Give a time of day that repeats or ends a dated one the same day; say which got it."""
    out: list[tuple[Moment, bool]] = []
    for moment in _days_from_the_echo(moments):
        before = out[-1][0] if out else None
        inherits = before is not None and before.has_day and moment.clock is not None and not moment.has_day
        if before is not None and inherits:
            zone = moment.zone or before.zone
            dated = replace(
                moment, date=before.date, day=before.day, weekday=before.weekday, year=before.year, zone=zone
            )
            out.append((dated, True))
        else:
            out.append((moment, False))
    return out


def _days_from_the_echo(moments: Sequence[Moment]) -> list[Moment]:
    """Give the first of two times of day the day that follows the second: `8 PM ET / 7 PM CT on March 6`."""
    if len(moments) < 2 or moments[0].has_day or moments[0].clock is None:
        return list(moments)
    first, second, *rest = moments
    if second.clock is None or not second.has_day or second.joint not in {"echo", "range"}:
        return list(moments)
    dated = replace(first, date=second.date, day=second.day, weekday=second.weekday, year=second.year)
    return [dated, second, *rest]


def _with_spans_as_days(moments: Sequence[Moment]) -> list[Moment]:
    """Read `in 2 days at 5pm` as a day and a time of day."""
    if (
        len(moments) == 2
        and (span := moments[0].span) is not None
        and span.finest >= _DAY_S
        and span.seconds > 0
    ):
        last = moments[1]
        if last.clock is not None and not last.has_day and span.seconds % _DAY_S == 0 and not span.doubt:
            days = DayMark(span.start, span.end, int(span.seconds // _DAY_S))
            return [replace(last, day=days, joint="first")]
    return list(moments)


def _without_lengths(moments: Sequence[Moment]) -> list[Moment]:
    """Drop spans that no word ties to now (`5 day sale`) where the text also names a time."""
    named = [m for m in moments if m.span is None or m.span.directed]
    for before, after in pairwise(moments):
        lengths = [m for m in (before, after) if m.span is not None and not m.span.directed]
        if len(lengths) == 1 and after.joint in {"echo", "range"}:
            other = after if lengths[0] is before else before
            other.doubts.append("a length of time beside the time was not understood")
    return named or list(moments)
