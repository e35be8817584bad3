from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.dashboard.present import (
    MAX_COLUMNS,
    MAX_JSON,
    MAX_ROWS,
    NOTHING,
    as_table,
    duration,
    facts,
    iso,
    moment,
    pretty,
    shorten,
    visible,
)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 ms"),
        (0.25, "0.2 ms"),
        (840, "840 ms"),
        (1234.5, "1.2 s"),
        (60_000, "1 min"),
        (61_000, "1 min 1 s"),
        (3_600_000, "1 h"),
        (7_384_000, "2 h 3 min"),
    ],
)
def test_a_duration_comes_in_the_unit_that_suits_it(ms: float | None, text: str) -> None:
    assert duration(ms) == text


def test_times_are_said_in_utc() -> None:
    assert iso(1_794_916_800_000) == "2026-11-17T12:00:00Z"
    assert moment(1_794_916_800_000) == "17 Nov 2026, 12:00:00 UTC"


@pytest.mark.parametrize("ms", [-1, 10**30])
def test_a_time_beyond_the_calendar_does_not_crash(ms: int) -> None:
    assert iso(ms)


def test_characters_that_act_unseen_are_spelled_out() -> None:
    assert visible("a\u202eb\x07c\nd") == "a⟨U+202E⟩b⟨U+0007⟩c\nd"
    assert visible("\ud800") == "⟨U+D800⟩"
    assert visible("שלום עולם") == "שלום עולם"


@given(st.text(), st.integers(5, 50))
def test_shortened_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    found = shorten(text, limit)
    assert len(found) <= limit
    assert "\n" not in found


def test_json_is_laid_out_and_bounded() -> None:
    assert json.loads(pretty({"a": [1, "é"]}).text) == {"a": [1, "é"]}
    cut = pretty(["x" * 100] * 10_000)
    assert cut.is_cut
    assert len(cut.text) < MAX_JSON + 10


def test_rows_become_a_table_with_all_their_columns() -> None:
    table = as_table([{"a": 1}, {"b": [1, 2]}])
    assert table is not None
    assert table.columns == ("a", "b")
    assert [[cell.text for cell in row] for row in table.rows] == [["1", NOTHING], [NOTHING, "[ 1, 2 ]"]]


@pytest.mark.parametrize("value", [None, [], [1, 2], [{"a": 1}, 2], {"rows": 5}, {"x": 1}, "text", [{}]])
def test_what_is_no_rows_is_no_table(value: object) -> None:
    assert as_table(value) is None  # type: ignore[arg-type]  # any JSON value


def test_a_table_is_bounded_both_ways() -> None:
    table = as_table([{f"c{i}": i for i in range(50)}] * 500)
    assert table is not None
    assert (len(table.rows), len(table.columns), table.total) == (MAX_ROWS, MAX_COLUMNS, 500)
    assert len(table.left_out) == 50 - MAX_COLUMNS


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "https://x y", "//x.example", ' https://"']
)
def test_only_plain_web_addresses_become_links(text: str) -> None:
    table = as_table([{"a": text, "b": "https://x.example/1?q=2"}])
    assert table is not None
    assert [cell.link for cell in table.rows[0]] == ["", "https://x.example/1?q=2"]


def test_facts_are_pairs_of_short_text() -> None:
    assert facts({"bytes": 12, "hosts": ["a", "b"]}) == [("bytes", "12"), ("hosts", '[ "a", "b" ]')]
