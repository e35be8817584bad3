"""Find every mark in a text; where two overlap, the surer form stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from agents.time.clocks import clocks, lone_hours, parts
from agents.time.dates import dates, relative_days, weekdays, years
from agents.time.durations import spans
from agents.time.instants import instants
from agents.time.marks import ClockMark, DateMark, Mark, SpanMark
from agents.time.zones import zones


def scan(text: str, *, now: datetime, home: str) -> list[Mark]:
    """Return the marks of a plain text in order, none overlapping another."""
    taken = bytearray(len(text))
    days = list(dates(text))
    times = list(spans(text))
    found = [
        *_free(instants(text, now=now), taken),
        *_free((s for s in times if s.clock_like), taken),
        *_free(zones(text, home=home), taken),
        *_free((d for d in days if d.formal), taken),
        *_free(clocks(text), taken),
        *_free((d for d in days if not d.formal), taken),
        *_free(_hours_beside_days(text, days, times), taken),
        *_free((s for s in times if not s.clock_like), taken),
        *_free(relative_days(text), taken),
        *_free(weekdays(text), taken),
        *_free(years(text), taken),
        *_free(parts(text), taken),
    ]
    return sorted(found, key=lambda mark: mark.start)


def _free(marks: Iterable[Mark], taken: bytearray) -> Iterator[Mark]:
    for mark in marks:
        if not any(taken[mark.start : mark.end]):
            taken[mark.start : mark.end] = b"\1" * (mark.end - mark.start)
            yield mark


def _hours_beside_days(text: str, days: list[DateMark], times: list[SpanMark]) -> Iterator[ClockMark]:
    """Take `18h` for a time of day where no other span says that time is counted down."""
    if days and not any(s.directed or s.units > 1 for s in times):
        yield from lone_hours(text)
