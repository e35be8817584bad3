"""Times of day as people write them, and what looks like one and is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.time.clocks import clocks
from agents.time.deadline import Deadline, read_deadline

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)  # a Wednesday
DAY = "March 6, 2026"


def read(text: str, zone: str = "UTC") -> Deadline:
    return read_deadline(text, now=NOW, zone=zone)


def clock_of(text: str, zone: str = "UTC") -> str | None:
    """Return the time of day read, None where it was not read or is in doubt."""
    found = read(text, zone)
    return found.utc.strftime("%H:%M:%S") if found.utc and not found.unsure else None


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("6:30 PM", "18:30:00"),
        ("6:30pm", "18:30:00"),
        ("6:30 p.m.", "18:30:00"),
        ("6:30p", "18:30:00"),
        ("6.30 pm", "18:30:00"),
        ("6 PM", "18:00:00"),
        ("6pm", "18:00:00"),
        ("06:05:09 AM", "06:05:09"),
        ("12 AM", "00:00:00"),
        ("12:30 AM", "00:30:00"),
        ("12 PM", "12:00:00"),
        ("12:01 pm", "12:01:00"),
        ("12 noon", "12:00:00"),
        ("noon", "12:00:00"),
        ("18:30", "18:30:00"),
        ("18:30:15", "18:30:15"),
        ("00:00", "00:00:00"),
        ("23:59:59", "23:59:59"),
        ("18h30", "18:30:00"),
        ("18 Uhr", "18:00:00"),
        ("18.30 Uhr", "18:30:00"),
        ("1830 hrs", "18:30:00"),
        ("11:59pm", "23:59:00"),
    ],
)
def test_a_time_of_day_is_read_in_each_of_its_spellings(written: str, clock: str) -> None:
    assert clock_of(f"Ends {DAY} at {written}") == clock
    assert clock_of(f"{DAY}, {written} - auction closes") == clock


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from([" AM", " am", " a.m.", "a", "AM"]))
def test_every_minute_of_the_day_is_read_on_both_clocks(hour: int, minute: int, mark: str) -> None:
    half = mark if hour < 12 else mark.replace("A", "P").replace("a", "p")
    twelve = f"{hour % 12 or 12}:{minute:02}{half}"
    expected = f"{hour:02}:{minute:02}:00"
    assert clock_of(f"Ends {DAY} {twelve}") == expected
    assert clock_of(f"Ends 2026-03-06 {hour:02}:{minute:02}") == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(13, 23), st.integers(0, 59))
def test_an_hour_past_noon_needs_no_word_for_the_half(hour: int, minute: int) -> None:
    assert clock_of(f"Ends {DAY} at {hour}:{minute:02}") == f"{hour}:{minute:02}:00"


@pytest.mark.parametrize("written", ["6:30", "6", "1:00", "9:59", "12"])
def test_an_hour_that_could_be_of_either_half_is_in_doubt(written: str) -> None:
    found = read(f"Ends {DAY} at {written}")
    assert found.unsure
    assert "the time of day does not say whether before or after noon" in found.warnings


@pytest.mark.parametrize("written", ["13:30 PM", "0:30 PM", "15 am"])
def test_an_hour_that_contradicts_its_half_is_in_doubt(written: str) -> None:
    found = read(f"Ends {DAY} {written}")
    assert found.unsure
    assert found.warnings


@pytest.mark.parametrize("written", ["25:00", "18:60", "24:30", "18:30:61", "99:99", "7:5 PM"])
def test_a_time_no_clock_shows_is_never_read_as_sure(written: str) -> None:
    found = read(f"Ends {DAY} {written}")
    assert found.unsure


def test_midnight_at_the_end_of_a_day_is_the_next_days_beginning() -> None:
    found = read("Ends 06.03.2026 24:00")
    assert (found.utc, found.unsure) == (datetime(2026, 3, 7, tzinfo=UTC), False)
    assert read("Ends tonight at midnight").utc == datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Version 2.10",
        "ratio 4:3",
        "Psalm 23:4",
        "$6:30",
        "score 3:2",
        "192.168.1.30",
        "F-150",
        "6.7L diesel",
        "18:30:00:00",
        "1830",
        "PM me",
        "am I late",
    ],
)
def test_what_only_looks_like_a_clock_gives_no_sure_deadline(text: str) -> None:
    assert read(text).unsure


@pytest.mark.parametrize(
    ("text", "count"),
    [("6:30 PM", 1), ("9am-5pm", 2), ("from 9:00 to 17:00", 2), ("none", 0), ("6:30 PM 6:30 PM", 2)],
)
def test_each_time_of_day_in_a_text_is_marked_once(text: str, count: int) -> None:
    marks = sorted(clocks(text), key=lambda m: m.start)
    places = {(m.start, m.end) for m in marks}
    assert len(places) == count
    assert all(0 <= m.hour <= 24 and 0 <= m.minute < 60 for m in marks)


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("0123456789:.h apmPM UhrZ-"), max_size=20))
def test_any_mix_of_digits_and_marks_is_a_time_that_exists_or_none(text: str) -> None:
    for mark in clocks(text):
        assert (
            timedelta(0)
            <= timedelta(hours=mark.hour, minutes=mark.minute, seconds=mark.second)
            <= timedelta(days=1)
        )
        assert 0 <= mark.start < mark.end <= len(text)


@pytest.mark.parametrize(
    ("said", "hour"), [("at 8 in the evening", 20), ("at 8 in the morning", 8), ("um 8 abends", 20)]
)
def test_the_part_of_the_day_settles_which_half_is_meant(said: str, hour: int) -> None:
    assert clock_of(f"Ends {DAY} {said}") == f"{hour:02}:00:00"


def test_a_range_of_hours_ends_at_its_second_hour() -> None:
    assert clock_of(f"Ends {DAY}, 4 PM - 6:30 PM") == "18:30:00"
    assert clock_of(f"Ends {DAY}, 16:00 to 18:30") == "18:30:00"


def test_an_hour_that_has_passed_today_is_tomorrows_and_said_to_be() -> None:
    ahead, passed = read("Ends at 5 PM"), read("Ends at 3 PM")
    assert (ahead.utc, ahead.unsure) == (datetime(2026, 3, 4, 17, tzinfo=UTC), False)
    assert passed.utc == datetime(2026, 3, 5, 15, tzinfo=UTC)
    assert passed.warnings == ("the time of day has already passed",)
