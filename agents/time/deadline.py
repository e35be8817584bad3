"""Read when something ends: from words, zones and machine forms in several languages to one instant in UTC.

Never silently wrong: what could mean two instants comes back as the best guess
with `unsure` set and the reasons, or with no instant at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from agents.time.calendar_days import Tense
from agents.time.clauses import Clause, clauses, says_time
from agents.time.fallback import guess
from agents.time.guards import unexplained
from agents.time.marks import ClockMark, DateMark, DayMark, InstantMark, Mark, SpanMark, WeekdayMark, YearMark
from agents.time.moments import Moment, echoes_zone, lone_zones, moments
from agents.time.plaintext import MAX_CHARS, plain
from agents.time.resolve import Method, Reading, Setting, utc_now
from agents.time.scan import scan
from agents.time.verdict import agree, decide
from agents.time.vocabulary import FOREIGN, TELLTALES

_SOFT: Final = "something begins to close then; each thing may close later"
_DAYS: Final = {DateMark, DayMark, WeekdayMark, YearMark}
_WHOLE: Final = {InstantMark, SpanMark}
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something ends, as far as a text says."""

    utc: datetime | None
    """Aware, UTC; None where no instant could be read."""
    unsure: bool
    """Whether the text could mean another instant too."""
    warnings: tuple[str, ...]
    method: Method


def read_deadline(text: str, *, now: datetime, zone: str) -> Deadline:
    """Return the instant at which `text` says that something ends.

    Args:
        text: Any; its first 2,000 characters are read.
        now: What "in 2 hours" counts from and a missing year is chosen by.
        zone: IANA name for times that name none, and the country whose order of day and month is taken.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: There is no such zone.
    """
    source = plain(text)
    setting = Setting(now=utc_now(now), zone=zone, language=_language(source.text))
    marks = scan(source.text, now=setting.now, home=zone)
    reading = _read(source.text, marks, setting)
    if source.was_cut:
        reading = replace(
            reading, doubts=(*reading.doubts, f"only the first {MAX_CHARS} characters were read")
        )
    return Deadline(reading.utc, bool(reading.doubts) or reading.utc is None, reading.doubts, reading.method)


def _language(text: str) -> Literal["english", "foreign", "open"]:
    words = {w.lower() for w in _WORD.findall(text)}
    hints = len(words & FOREIGN)
    return "foreign" if words & TELLTALES or hints > 1 else "open" if hints else "english"


def _read(text: str, marks: Sequence[Mark], setting: Setting) -> Reading:
    found = clauses(text, marks)
    telling = [c for c in found if says_time(c, marks)]
    ends = [c for c in found if c.role == "end"] or [c for c in found if c.role == "past"]
    chosen = [w for c in ends if says_time(w := _widened(c, found, marks), marks)]
    chosen = chosen or [c for c in telling if c.role == "none"]
    if chosen:
        return _said(text, chosen, marks, setting)
    if telling:
        return Reading(None, ("the text gives a time, but not one at which something ends",), "none")
    return _guessed(text, setting)


def _widened(clause: Clause, found: Sequence[Clause], marks: Sequence[Mark]) -> Clause:
    """Stretch a clause over the ones after it that only complete it: `Closing date. Friday | 6 PM`."""
    for following in found:
        if following.start < clause.end or (not says_time(following, marks) and following.role == "none"):
            continue
        if following.role != "none":
            break
        own, more = ({type(m) for m in marks if c.holds(m)} for c in (clause, following))
        if own & more or own & _WHOLE or (ClockMark in own and own & _DAYS):
            break
        clause = replace(clause, end=following.end)
    return _with_day_before(clause, found, marks)


def _with_day_before(clause: Clause, found: Sequence[Clause], marks: Sequence[Mark]) -> Clause:
    """Stretch a clause that names no day back over one that names nothing else: `March 5, until 5 PM`."""
    before = next((c for c in reversed(found) if c.end <= clause.start and says_time(c, marks)), None)
    if before is None or before.role != "none":
        return clause
    own, more = ({type(m) for m in marks if c.holds(m)} for c in (clause, before))
    fits = ClockMark in own and not own & _DAYS and more & _DAYS and not more - _DAYS
    return replace(clause, start=before.start) if fits else clause


def _said(text: str, chosen: Sequence[Clause], marks: Sequence[Mark], setting: Setting) -> Reading:
    readings = [_clause_reading(text, clause, marks, setting) for clause in chosen]
    return agree([r for r in readings if r.utc is not None or r.doubts] or readings)


def _clause_reading(text: str, clause: Clause, marks: Sequence[Mark], setting: Setting) -> Reading:
    own = [m for m in marks if clause.holds(m)]
    found = moments(text, own)
    tense: Tense = (
        "past" if clause.role == "past" or _is_ago(found) else "future" if clause.role == "end" else "open"
    )
    used = {id(m) for moment in found for m in moment.marks()}
    spare = lone_zones(text, [m for m in marks if id(m) not in used])
    general = next((z for z in spare if echoes_zone(text, z)), None)
    reading = decide(found, replace(setting, tense=tense, zone_for_all=general))
    if clause.is_soft:
        reading = replace(reading, doubts=(*reading.doubts, _SOFT))
    elif (
        general is None and any(clause.holds(z) for z in spare) and any(m.clock and not m.zone for m in found)
    ):
        reading = replace(reading, doubts=(*reading.doubts, "a zone stands apart from the time"))
    left = unexplained(text, clause, found)
    if (
        reading.utc
        and not any(m.has_day or m.span or m.instant for m in found)
        and any(isinstance(m, DateMark | WeekdayMark | DayMark) and not clause.holds(m) for m in marks)
    ):
        left = (*left, "a time of day without a day, while a day is named elsewhere")
    if not left:
        return reading
    doubted = replace(reading, doubts=(*reading.doubts, *left))
    if any(m.has_day or m.span for m in found):
        return doubted
    guessed = _guessed(text[clause.start : clause.end], setting)
    return guessed if guessed.utc is not None else replace(doubted, utc=None, method="none")


def _is_ago(found: Sequence[Moment]) -> bool:
    return any(m.span is not None and m.span.seconds < 0 for m in found)


def _guessed(text: str, setting: Setting) -> Reading:
    utc = guess(text, now=setting.now, zone=setting.zone)
    if utc is None:
        return Reading(None, ("no time was found",), "none")
    return Reading(utc, ("read by guess: the text's words are not all known",), "dateparser")
