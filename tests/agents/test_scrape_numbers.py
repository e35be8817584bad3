"""Money and dates as pages of many countries write them, and the numbers beside them that are neither."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scrape.dates import dates_of
from agents.scrape.outline import Outline, outline_of
from agents.scrape.prices import (
    CODES,
    MAX_TEXT,
    SYMBOLS,
    amount_of,
    bare_amount,
    currency_of,
    find_prices,
    machine_amount,
)
from agents.scrape.tidying import tidy

AMOUNTS = st.integers(1, 10**9).map(lambda cents: cents / 100)


def found(text: str, home: str = "") -> list[tuple[float, str | None]]:
    return [(p.amount, p.currency) for p in find_prices(text, home=home)]


@pytest.mark.parametrize("symbol", sorted(SYMBOLS))
def test_every_symbol_is_a_currency_on_either_side_of_its_number(symbol: str) -> None:
    code = SYMBOLS[symbol]
    assert code in CODES
    assert found(f"Price: {symbol} 1234.50") == [(1234.5, code)]
    assert found(f"Price: 1234.50 {symbol}") == [(1234.5, code)]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_a_currency_in_any_case_where_it_is_asked_for(code: str) -> None:
    assert found(f"{code} 99") == found(f"99 {code}") == [(99, code)]
    assert currency_of(code.lower()) == currency_of(f" {code} ") == code


@settings(max_examples=60)
@given(AMOUNTS, st.sampled_from([",.", ".,", " ,", "'.", "\u00a0,", "\u202f,"]))
def test_an_amount_is_the_same_in_every_way_to_group_its_digits(amount: float, marks: str) -> None:
    thousands, decimal = marks[0], marks[1]
    written = f"{amount:,.2f}".translate({ord(","): thousands, ord("."): decimal})
    assert amount_of(written) == amount
    assert found(f"Now {written} EUR only") == [(amount, "EUR")]


@settings(max_examples=60)
@given(st.lists(st.integers(1, 99_999), min_size=1, max_size=6), st.integers(1, 8))
def test_prices_come_in_the_order_of_the_text_and_no_more_than_asked(amounts: list[int], most: int) -> None:
    text = "; ".join(f"${n}" for n in amounts)
    assert [p.amount for p in find_prices(text, most=most)] == amounts[:most]


@pytest.mark.parametrize(
    ("digits", "currency", "amount"),
    [
        ("1.234", None, 1234),
        ("1,234", None, 1234),
        ("1.234", "USD", 1.234),
        ("1,234", "USD", 1234),
        ("1.23", None, 1.23),
        ("1,2", None, 1.2),
        ("1.2345", None, 1.2345),
        ("0.123", None, 0.123),
        ("0,999", None, 0.999),
        ("1234.567", None, 1234.567),
        ("1.234.567", None, 1234567),
        ("1,234,567.8", None, 1234567.8),
        ("1.234.567,8", None, 1234567.8),
        ("12'345'678", None, 12345678),
        ("1,23,456", "INR", 123456),
        ("007", None, 7),
        ("12345678901234", None, None),
        ("", None, None),
    ],
)
def test_a_mark_parts_thousands_or_decimals_by_what_stands_behind_it(
    digits: str, currency: str | None, amount: float | None
) -> None:
    assert amount_of(digits, currency=currency) == amount


@pytest.mark.parametrize(
    "text",
    [
        "2015 Ford F-150, 123,456 miles",
        "Lot 4417",
        "5 bids, 34 watchers",
        "Call (555) 010-9999",
        "ISBN 978-3-16-148410-0",
        "10% off",
        "1024 x 768",
        "EURO 6 diesel",
        "USDT100",
        "5 krona coin",
        "100 kronor",
        "AUDI A4 2.0",
        "1,2,3",
        "$abc",
        "€",
        "12:30",
        "-",
    ],
)
def test_a_number_of_something_else_is_no_price(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "home", "currency"),
    [
        ("$5", "", "USD"),
        ("$5", "au", "AUD"),
        ("$5", "CA", "CAD"),
        ("$5", "de", "USD"),
        ("US$5", "ca", "USD"),
        ("A$5", "us", "AUD"),
        ("5 kr", "", "SEK"),
        ("5 kr", "nb", "NOK"),
        ("5 kr.", "da", "DKK"),
        ("£5", "ca", "GBP"),
        ("¥5", "cn", "JPY"),
    ],
)
def test_a_shared_symbol_is_the_homes_and_a_clear_one_is_nobodys_else(
    text: str, home: str, currency: str
) -> None:
    assert found(text, home) == [(5, currency)]


def test_no_more_of_a_line_is_read_than_its_limit() -> None:
    assert found("x" * MAX_TEXT + " $5") == []
    assert found("x" * (MAX_TEXT - 4) + " $55") == [(55, "USD")]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (5, 5),
        (5.0, 5),
        (5.25, 5.25),
        ("5.250", 5.25),
        (" 1234.5 ", 1234.5),
        ("1,234.50 USD", 1234.5),
        ("from 99", 99),
        (0, 0),
        (-5, -5),
        (False, None),
        ([], None),
        ("", None),
        ("abc", None),
        (10**13, None),
        (10**400, None),
        (-(10**400), None),
        (float("nan"), None),
        ("9" * 60, None),
    ],
)
def test_a_machines_amount_is_a_number_of_sane_size_or_nothing(value: object, amount: float | None) -> None:
    assert machine_amount(value) == amount


@settings(max_examples=100)
@given(st.text(st.sampled_from("0123456789.,' $€k\u00a0USDEURx%:/-"), max_size=40))
def test_whatever_is_found_stands_in_the_text_and_is_found_again_in_its_own_words(text: str) -> None:
    for price in find_prices(text):
        assert price.text in text
        assert price.amount >= 0
        assert any(p.currency == price.currency for p in find_prices(price.text))
    bare = bare_amount(text)
    assert bare is None or bare >= 0


def dates(*lines: str) -> list[str]:
    return dates_of(Outline(), list(lines))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-06",
        "2026-03-06T17:00",
        "2026-03-06 17:00:00",
        "2026-03-06T17:00:00.123Z",
        "2026-03-06T17:00:00+01:00",
        "6 March 2026",
        "6th of March 2026",
        "March 6, 2026",
        "Mar 6, 2026 5:00 PM",
        "Mar. 6",
        "6. März 2026",
        "6. März 2026 um 17:00",
        "6 mars 2026",
        "6 de marzo de 2026",
        "5 février 2026",
        "06.03.2026",
        "06/03/2026",
        "6/3/26",
        "06-03-2026 17:00",
        "1 janvier",
        "31 décembre 2026",
        "1. Oktober",
        "15 August",
        "2 agosto 2026",
    ],
)
def test_a_date_is_given_whole_as_the_page_writes_it(written: str) -> None:
    assert dates(f"Sold on {written} by auction") == [written]
    assert dates(written) == [written]


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3",
        "version 10.11.12.13",
        "192.168.0.1",
        "555-12-1234",
        "5 marching bands",
        "may be",
        "Mark 6",
        "12/34",
        "1/2/3/4",
        "20260306",
    ],
)
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert dates(text) == []


def test_a_date_stands_once_and_those_of_the_machine_come_first() -> None:
    page = outline_of(
        tidy(
            "<meta name=date content='2026-01-01'><p>6 March 2026</p><p>6 March 2026, then 2026-01-01</p>"
            "<time>yesterday</time><time datetime=''>  </time><meta property='og:updated_time' content=''>"
        )
    )
    assert dates_of(page, page.lines_without([])) == ["yesterday", "2026-01-01", "6 March 2026"]
