"""Zones and the clock changes in them: every wall time is one instant, none, or two, and the text is told which."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.time.deadline import Deadline, read_deadline
from agents.time.marks import ClockMark
from agents.time.places import DOUBLED, SKIPPED, at_wall
from agents.time.zones import known_zones, order_in, orders_in, zones

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)
ZONES = st.sampled_from(
    ["UTC", "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]
)  # fmt: skip


def read(text: str, *, zone: str = "America/Chicago", now: datetime = NOW) -> Deadline:
    return read_deadline(text, now=now, zone=zone)


def clock(hour: int, minute: int = 0) -> ClockMark:
    return ClockMark(0, 0, hour, minute, 0, "24")


@settings(max_examples=100)
@given(st.dates(date(2000, 1, 1), date(2037, 12, 31)), st.times(), ZONES)
def test_a_wall_time_comes_back_on_the_wall_unless_it_never_was(day: date, at: time, zone: str) -> None:
    moment, doubts = at_wall(day, clock(at.hour, at.minute), ZoneInfo(zone))
    wall = datetime.combine(day, at.replace(second=0, microsecond=0, fold=0))
    seen = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    assert moment.tzinfo is UTC
    assert (seen != wall) == (doubts == (SKIPPED,))
    later = wall.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    assert (doubts == (DOUBLED,)) == (later > moment and seen == wall)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "minute", "doubt"),
    [
        ("America/Chicago", date(2026, 3, 8), 1, 59, None),
        ("America/Chicago", date(2026, 3, 8), 2, 0, SKIPPED),
        ("America/Chicago", date(2026, 3, 8), 2, 59, SKIPPED),
        ("America/Chicago", date(2026, 3, 8), 3, 0, None),
        ("America/Chicago", date(2026, 11, 1), 0, 59, None),
        ("America/Chicago", date(2026, 11, 1), 1, 0, DOUBLED),
        ("America/Chicago", date(2026, 11, 1), 2, 0, None),
        ("Europe/Berlin", date(2026, 3, 29), 2, 30, SKIPPED),
        ("Europe/Berlin", date(2026, 10, 25), 2, 30, DOUBLED),
        ("Australia/Lord_Howe", date(2026, 4, 5), 1, 45, DOUBLED),
        ("Pacific/Apia", date(2011, 12, 30), 12, 0, SKIPPED),
        ("America/Phoenix", date(2026, 3, 8), 2, 30, None),
    ],
)
def test_a_clock_change_is_doubted_to_the_minute(
    zone: str, day: date, hour: int, minute: int, doubt: str | None
) -> None:
    assert at_wall(day, clock(hour, minute), ZoneInfo(zone))[1] == ((doubt,) if doubt else ())


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("UTC", 0),
        ("GMT", 0),
        ("Z", 0),
        ("UTC+2", 2),
        ("UTC +02:00", 2),
        ("GMT-5", -5),
        ("(UTC+05:30)", 5.5),
        ("UTC-0330", -3.5),
        ("UTC\u22126", -6),
        ("+09:00", 9),
        ("-0800", -8),
        ("EST", -5),
        ("PST", -8),
        ("CET", 1),
        ("JST", 9),
        ("AEDT", 11),
        ("NZDT", 13),
        ("MSK", 3),
        ("ET", -5),
        ("Eastern", -5),
        ("Eastern Standard Time", -5),
        ("Pacific Time", -8),
        ("Mountain Time", -7),
        ("Arizona time", -7),
        ("Europe/London", 0),
        ("Asia/Kolkata", 5.5),
        ("Paris time", 1),
        ("New York time", -5),
        ("heure de Paris", 1),
    ],
)
def test_a_zone_is_read_by_each_kind_of_its_names(written: str, hours: float) -> None:
    found = read(f"Ends March 6, 2026 18:00:00 {written}")
    assert found.utc == datetime(2026, 3, 6, 18, tzinfo=UTC) - timedelta(hours=hours)
    assert not found.unsure


@pytest.mark.parametrize(
    ("month", "name", "is_sure"),
    [
        ("March 6", "EST", True),
        ("March 6", "EDT", False),
        ("July 6", "EDT", True),
        ("July 6", "EST", False),
        ("July 6", "ET", True),
        ("March 6", "CET", True),
        ("July 6", "CET", False),
        ("July 6", "CEST", True),
        ("July 6", "Pacific Daylight Time", True),
        ("July 6", "Pacific Standard Time", False),
        ("July 6", "MST", False),
        ("July 6", "UTC", True),
        ("July 6", "JST", True),
    ],
)
def test_a_seasons_abbreviation_is_sure_only_in_its_season(month: str, name: str, *, is_sure: bool) -> None:
    found = read(f"Ends {month}, 2026 6:00 PM {name}")
    assert found.utc is not None
    assert found.unsure is not is_sure


@pytest.mark.parametrize(
    "text",
    [
        "Central Park",
        "Pacific Avenue",
        "Eastern Street",
        "Mountain bike",
        "est. 1990",
        "pt",
        "America/Nowhere",
        "AC/DC",
        "Time will tell",
        "West Coast Customs",
        "Estonia",
        "bst-100",
    ],
)
def test_words_that_only_look_like_a_zone_are_none(text: str) -> None:
    assert list(zones(text, home="UTC")) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(-14 * 60, 14 * 60))
def test_every_offset_in_use_is_read_to_the_minute(minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    found = read(f"Ends 2026-03-06T18:00:00{sign}{hours:02}:{rest:02}")
    assert found.utc == datetime(2026, 3, 6, 18, tzinfo=UTC) - timedelta(minutes=minutes)
    assert not found.unsure
    worded = read(f"Ends 6 March 2026 18:00 UTC{sign}{hours}:{rest:02}")
    assert worded.utc == found.utc


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(known_zones())), st.integers(0, 23))
def test_every_zone_of_the_database_is_a_home_to_read_in(zone: str, hour: int) -> None:
    found = read(f"Ends March 6, 2026 {hour:02}:30", zone=zone)
    assert found.utc is not None
    assert found.utc.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") == f"06 {hour:02}:30"


@pytest.mark.parametrize(
    "written",
    ["UTC+25", "GMT -99", "UTC+15", "UTC+5.5", "UTC+5:99", "GMT+14:30", "UTC-5,5"],
)
def test_an_offset_that_is_in_use_nowhere_is_doubted_and_never_dropped(written: str) -> None:
    found = read(f"Ends March 6, 2026 18:00 {written}")
    assert found.unsure
    assert found.warnings[0].endswith("is in use nowhere")


@pytest.mark.parametrize(
    "stamp", ["2026-03-06T18:00:00+25:00", "2026-03-06 18:00:00 +24:00", "6 Mar 2026 18:00+19:30"]
)
def test_a_stamp_with_an_impossible_offset_is_doubted_and_never_read_as_local(stamp: str) -> None:
    assert read(f"Ends {stamp}").unsure


def test_a_dash_between_two_times_with_their_zones_is_no_offset() -> None:
    assert read("March 6 2026 10:00 UTC - 18:00 UTC").utc == datetime(2026, 3, 6, 18, tzinfo=UTC)


def test_the_home_zone_counts_only_where_the_text_names_none() -> None:
    texts = ["Ends March 6, 2026 6:00 PM", "Ends March 6, 2026 6:00 PM ET"]
    homes = ["America/Chicago", "Asia/Tokyo"]
    found = [[read(text, zone=home).utc for home in homes] for text in texts]
    assert found[0][0] != found[0][1]
    assert found[1][0] == found[1][1]


def test_what_today_means_is_asked_of_the_zone_that_is_named() -> None:
    late = datetime(2026, 3, 5, 3, tzinfo=UTC)  # still the fourth in Chicago
    assert read("Ends today 11 PM", now=late).utc == datetime(2026, 3, 5, 5, tzinfo=UTC)
    assert read("Ends today 11 PM UTC", now=late).utc == datetime(2026, 3, 5, 23, tzinfo=UTC)


def test_two_zones_that_agree_are_one_and_two_that_do_not_are_doubted() -> None:
    assert not read("Ends March 6, 2026 7:00 PM ET (6:00 PM CT)").unsure
    assert read("Ends March 6, 2026 7:00 PM ET (7:00 PM CT)").unsure


@pytest.mark.parametrize(
    ("zone", "orders"),
    [
        ("America/New_York", ("mdy",)),
        ("US/Eastern", ("mdy",)),
        ("Europe/Paris", ("dmy",)),
        ("America/Sao_Paulo", ("dmy",)),
        ("America/Toronto", ("dmy", "mdy")),
        ("Asia/Tokyo", ("dmy", "mdy")),
        ("UTC", ()),
        ("Etc/GMT+5", ()),
    ],
)
def test_the_order_of_dates_is_a_countrys_and_open_where_nobody_knows(
    zone: str, orders: tuple[str, ...]
) -> None:
    assert orders_in(zone) == orders
    assert order_in(zone) == (orders[0] if len(orders) == 1 else None)
