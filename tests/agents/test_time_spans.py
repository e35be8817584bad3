"""Lengths of time until the end: every unit, several languages, countdowns, and what is only roughly said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.time.deadline import Deadline, read_deadline

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)


def read(text: str) -> Deadline:
    return read_deadline(text, now=NOW, zone="America/Chicago")


def left(text: str) -> timedelta | None:
    """Return the time left, None where it is in doubt."""
    found = read(text)
    return found.utc - NOW if found.utc and not found.unsure else None


UNITS = {
    "seconds": ["s", "sec", "secs", "seconds", "Sekunden", "secondes", "segundos", "secondi"],
    "minutes": ["m", "min", "mins", "minutes", "Minuten", "minutos", "minuti", "mn"],
    "hours": ["h", "hr", "hrs", "hours", "Std.", "Stunden", "heures", "horas", "ore", "uur"],
    "days": ["d", "days", "Tage", "Tagen", "jours", "días", "giorni", "dagen"],
    "weeks": ["w", "wks", "weeks", "Wochen", "semaines", "semanas", "settimane"],
}


@pytest.mark.parametrize(("unit", "word"), [(unit, word) for unit, words in UNITS.items() for word in words])
def test_a_unit_is_read_by_each_of_its_names(unit: str, word: str) -> None:
    assert left(f"Ends in 3 {word}") == timedelta(**{unit: 3})
    assert left(f"Ends in 3 {word.upper()}") == timedelta(**{unit: 3})


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("Ends in an hour", timedelta(hours=1)),
        ("Ends in one day", timedelta(days=1)),
        ("Ends in ten minutes", timedelta(minutes=10)),
        ("Ends in half a day", timedelta(hours=12)),
        ("Endet in einer Stunde", timedelta(hours=1)),
        ("Endet in drei Tagen", timedelta(days=3)),
        ("Termina en dos horas", timedelta(hours=2)),
        ("Il reste deux jours", timedelta(days=2)),
        ("Ends in 2.5 days", timedelta(days=2.5)),
        ("Ends in 1,5 hours", timedelta(hours=1.5)),
        ("Ends in 1½ hours", timedelta(hours=1.5)),
        ("Ends in ½ hour", timedelta(minutes=30)),
        ("1d 2h 3m 4s left", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("1d2h3m4s left", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("2 weeks, 3 days and 4 hours remaining", timedelta(weeks=2, days=3, hours=4)),
        ("Time left: 5 minutes", timedelta(minutes=5)),
        ("5 minutes to go", timedelta(minutes=5)),
        ("Closes 90 minutes from now", timedelta(minutes=90)),
        ("Ending soon: 0h 59m", timedelta(minutes=59)),
        ("Countdown 00:45:10", timedelta(minutes=45, seconds=10)),
        ("Time left 3:00:45:10", timedelta(days=3, minutes=45, seconds=10)),
        ("12:34:56 left", timedelta(hours=12, minutes=34, seconds=56)),
        ("Noch 1 Tag 3 Std", timedelta(days=1, hours=3)),
        ("Ended 2 hours ago", timedelta(hours=-2)),
        ("Endete vor 2 Stunden", timedelta(hours=-2)),
        ("Closed 5 minutes ago", timedelta(minutes=-5)),
    ],
)
def test_what_remains_is_read_to_the_second(text: str, span: timedelta) -> None:
    assert left(text) == span


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(
        st.integers(0, 9), st.integers(0, 6), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)
    ),
    st.sampled_from([" ", ", ", " and "]),
    st.sampled_from(["{} left", "Ends in {}", "Time remaining: {}"]),
)
def test_units_that_stand_together_add_up(parts: tuple[int, ...], joint: str, frame: str) -> None:
    names = ["weeks", "days", "hours", "minutes", "seconds"]
    said = [(n, name) for n, name in zip(parts, names, strict=True) if n]
    if said:
        text = frame.format(joint.join(f"{n} {name}" for n, name in said))
        assert left(text) == timedelta(**{name: n for n, name in said})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_a_countdown_with_colons_is_hours_minutes_and_seconds(hours: int, minutes: int, seconds: int) -> None:
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert left(f"Time left: {hours:02}:{minutes:02}:{seconds:02}") == span
    assert left(f"2 days {hours:02}:{minutes:02}:{seconds:02} left") == span + timedelta(days=2)


@pytest.mark.parametrize(
    "word", ["about", "approx.", "less than", "over", "~", "almost", "etwa", "environ", "unos", "up to"]
)
def test_a_span_called_rough_is_in_doubt_but_still_given(word: str) -> None:
    found = read(f"Ends in {word} 2 hours")
    assert found.unsure
    assert found.utc == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 month left", "a month has no fixed length"),
        ("Ends 2 hours after the last bid", "the span counts from something else than now"),
        ("Time left: 02:15", "two numbers of a countdown may be hours and minutes or minutes and seconds"),
        ("36:10:00", "a countdown that no word calls one"),
        ("3 days", "a length of time that does not say from when"),
    ],
)
def test_a_span_that_could_mean_two_things_says_which(text: str, why: str) -> None:
    found = read(text)
    assert found.unsure
    assert why in found.warnings


@pytest.mark.parametrize(
    "text",
    [
        "3 hp engine",
        "40 mph",
        "5 m/s",
        "2 days a week",
        "$5 m left",
        "3D printer",
        "10 min/lot",
        "7-day returns",
        "12 h.p.",
        "12 months warranty",
        "2h",
    ],
)
def test_a_length_of_something_else_is_never_a_sure_end(text: str) -> None:
    assert read(text).unsure


def test_a_span_reaches_across_a_clock_change_in_real_hours() -> None:
    before = datetime(2026, 3, 8, 7, tzinfo=UTC)  # an hour before Chicago's clocks go forward
    found = read_deadline("Ends in 2 hours", now=before, zone="America/Chicago")
    assert found.utc == before + timedelta(hours=2)


@pytest.mark.parametrize("now", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
@pytest.mark.parametrize(
    "text", ["2 weeks ago", "Ends in 2 weeks", "Ends tomorrow", "Ended yesterday 5 PM", "Ends Friday 5 PM"]
)
def test_the_ends_of_the_calendar_raise_nothing(now: datetime, text: str) -> None:
    found = read_deadline(text, now=now, zone="America/Chicago")
    assert found.utc is None or found.utc.tzinfo is UTC
