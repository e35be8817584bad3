"""Which day is meant: years left out, weekdays, days counted from today, dates in every order and language."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.time.calendar_days import FAR_DAYS
from agents.time.deadline import Deadline, read_deadline

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)  # a Wednesday


def read(text: str, *, now: datetime = NOW, zone: str = "UTC") -> Deadline:
    return read_deadline(text, now=now, zone=zone)


def day_of(text: str, *, now: datetime = NOW, zone: str = "UTC") -> str | None:
    """Return the day read, None where there is none or it is in doubt."""
    found = read(text, now=now, zone=zone)
    return found.utc.date().isoformat() if found.utc and not found.unsure else None


@pytest.mark.parametrize(
    "written",
    [
        "March 6, 2026",
        "March 6 2026",
        "Mar. 6, 2026",
        "6 March 2026",
        "6th of March, 2026",
        "6th March 2026",
        "March 6th, 2026",
        "Friday, March 6, 2026",
        "Fri 6 Mar 2026",
        "2026-03-06",
        "2026/03/06",
        "06.03.2026",
        "6.3.2026",
        "6-Mar-2026",
        "6 Mar '26",
        "6. März 2026",
        "6 mars 2026",
        "6 de marzo de 2026",
        "6 marzo 2026",
        "6 de março de 2026",
        "6 maart 2026",
        "6 marca 2026",
        "den 6 mars 2026",
        "2026年3月6日",
        "MARCH 6, 2026",
    ],
)
def test_a_day_is_read_in_each_of_its_spellings(written: str) -> None:
    assert day_of(f"Ends {written} 18:00") == "2026-03-06"


@settings(max_examples=80, deadline=None)
@given(st.dates(date(2026, 3, 5), date(2027, 2, 28)))
def test_a_day_within_half_a_year_needs_no_year_and_any_other_is_doubted(day: date) -> None:
    found = read(f"Ends {day:%B} {day.day} at 6:00 PM")
    ahead = (day - NOW.date()).days
    if ahead <= FAR_DAYS:
        assert (found.utc, found.unsure) == (datetime(day.year, day.month, day.day, 18, tzinfo=UTC), False)
    else:
        assert found.unsure


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6), st.integers(0, 400))
def test_a_weekday_is_the_next_of_its_name_and_never_more_than_a_week_off(weekday: int, shift: int) -> None:
    now = NOW + timedelta(days=shift)
    found = read(f"Ends {calendar.day_name[weekday]} 11:59 PM", now=now)
    assert found.utc is not None
    assert found.utc.weekday() == weekday
    assert timedelta(0) < found.utc - now <= timedelta(days=7)
    assert not found.unsure


@settings(max_examples=40, deadline=None)
@given(st.dates(date(2026, 3, 5), date(2026, 8, 1)))
def test_a_weekday_beside_a_date_confirms_it_or_is_told_as_its_contradiction(day: date) -> None:
    right = read(f"Ends {day:%A}, {day:%B} {day.day}, {day.year} 6:00 PM")
    wrong = day + timedelta(days=1)
    other = read(f"Ends {wrong:%A}, {day:%B} {day.day}, {day.year} 6:00 PM")
    assert not right.unsure
    assert other.unsure
    assert f"the weekday contradicts the date: {day.isoformat()} is a {day:%A}" in other.warnings


@pytest.mark.parametrize(
    ("word", "days"),
    [
        ("today", 0),
        ("tonight", 0),
        ("tomorrow", 1),
        ("tmrw", 1),
        ("day after tomorrow", 2),
        ("heute", 0),
        ("morgen", 1),
        ("übermorgen", 2),
        ("aujourd'hui", 0),
        ("demain", 1),
        ("après-demain", 2),
        ("hoy", 0),
        ("mañana", 1),
        ("pasado mañana", 2),
        ("oggi", 0),
        ("domani", 1),
        ("hoje", 0),
        ("amanhã", 1),
        ("vandaag", 0),
        ("overmorgen", 2),
    ],
)
def test_days_are_counted_from_today_in_several_languages(word: str, days: int) -> None:
    assert day_of(f"Ends {word} 21:00") == (NOW.date() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    "text", ["Ended yesterday 5 PM", "Closed March 3 5 PM", "Ended Monday 5 PM", "Closed on 2 March, 17:00"]
)
def test_what_has_ended_is_looked_for_behind_and_not_ahead(text: str) -> None:
    found = read(text)
    assert found.utc is not None
    assert timedelta(days=-7) < found.utc - NOW < timedelta(0)
    assert not found.unsure


@pytest.mark.parametrize(
    "written",
    [
        "February 30, 2026",
        "31.02.2026",
        "2026-13-01",
        "2026-02-29",
        "31 April 2026",
        "00/00/2026",
        "32/13/2026",
        "0 March 2026",
    ],
)
def test_a_day_that_is_in_no_calendar_is_never_sure(written: str) -> None:
    assert read(f"Ends {written} 18:00").unsure


def test_a_leap_day_is_a_day_in_a_leap_year_alone() -> None:
    assert day_of("Ends February 29, 2028 18:00", now=datetime(2028, 2, 1, tzinfo=UTC)) == "2028-02-29"
    assert read("Ends February 29 18:00", now=datetime(2026, 2, 1, tzinfo=UTC)).unsure


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 31),
    st.sampled_from([("America/Chicago", "mdy"), ("Europe/London", "dmy"), ("UTC", "")]),
)
def test_two_numbers_that_could_change_places_are_sure_only_where_a_country_decides(
    month: int, day: int, home: tuple[str, str]
) -> None:
    zone, order = home
    day = min(day, calendar.monthrange(2026, month)[1])
    numbers = f"{month:02}/{day:02}" if order == "mdy" else f"{day:02}/{month:02}"
    found = read(f"Ends {numbers}/2026 18:00", now=datetime(2026, 1, 1, tzinfo=UTC), zone=zone)
    assert found.utc is not None
    wall = found.utc.astimezone(ZoneInfo(zone))
    assert (wall.month, wall.day) == (month, day)
    assert found.unsure == (not order and day <= 12 and day != month)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ends March 6", "no time of day is given; the day's end is taken"),
        ("Ends March 1 5 PM", "what is to end lies in the past"),
        ("Ends March 6, 2030 5 PM", "the time is years away"),
        ("Ends next Friday 5 PM", "'next' before a weekday means either of two"),
        ("Ends Friday midnight", "midnight could be the day's beginning or its end"),
        ("Ends 03/05/2026 18:30", "day and month could stand the other way round"),
        ("Ends 26-03-06 17:00", "the date seems to begin with its year"),
        ("Ends the 20th of next month at 5 PM", "the month is named by its distance"),
        ("Ends Mar 6 5 PM. Ends Mar 7 5 PM.", "the text gives times that disagree"),
        ("Starts March 6 5 PM", "the text gives a time, but not one at which something ends"),
        ("Lots begin closing Mar 6 5 PM", "something begins to close then; each thing may close later"),
        ("nothing to see", "no time was found"),
    ],
)
def test_each_doubt_is_told_in_words(text: str, why: str) -> None:
    found = read(text)
    assert found.unsure
    assert why in found.warnings


def test_a_day_without_a_time_ends_with_the_day() -> None:
    found = read("Ends March 6, 2026", zone="America/Chicago")
    assert found.utc == datetime(2026, 3, 7, 6, tzinfo=UTC)


def test_a_range_of_days_ends_on_its_last() -> None:
    assert day_of("Auction March 5-7, 2026, ends 6:00 PM") == "2026-03-07"
    assert day_of("Sale: March 5 9:00 AM to March 7 6:00 PM") == "2026-03-07"


@pytest.mark.parametrize(
    "stamp", ["1772845200", "1772845200000", "2026-03-07T01:00:00Z", "2026-03-07 02:00:00+01:00"]
)
@pytest.mark.parametrize(
    "frame", ["{}", "ends {}", '<time datetime="{}">soon</time>', '{{"endDate": "{}"}}', "<b data-end='{}'>"]
)
def test_a_machines_own_form_is_an_instant_in_whatever_it_stands(stamp: str, frame: str) -> None:
    found = read(frame.format(stamp))
    assert (found.utc, found.unsure) == (datetime(2026, 3, 7, 1, tzinfo=UTC), False)
    assert found.method in {"epoch", "iso"}
