"""Amounts in both conventions, and no price where there is no currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.scrape.prices import MAX_DIGITS, amount_of, bare_amount, currency_of, find_prices, machine_amount


def found(text: str, home: str = "") -> list[tuple[float, str | None]]:
    return [(p.amount, p.currency) for p in find_prices(text, home=home)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56 €", [(1234.56, "EUR")]),
        ("$1,234.50", [(1234.5, "USD")]),
        ("12 500 kr", [(12500, "SEK")]),
        ("12\u00a0500\u00a0kr", [(12500, "SEK")]),
        ("€ 12.500", [(12500, "EUR")]),
        ("1.299,- €", [(1299, "EUR")]),
        ("kr 12 500,-", [(12500, "SEK")]),
        ("CHF 1'234.50", [(1234.5, "CHF")]),
        ("CHF 1\u2019234.50", [(1234.5, "CHF")]),
        ("USD 12,345.67", [(12345.67, "USD")]),
        ("12500 EUR", [(12500, "EUR")]),
        ("£1,234", [(1234, "GBP")]),
        ("₹1,23,456.00", [(123456, "INR")]),
        ("R$ 1.234,56", [(1234.56, "BRL")]),
        ("US$ 10,000 (5 bids)", [(10000, "USD")]),
        ("CA$ 99", [(99, "CAD")]),
        ("$12.5k", [(12500, "USD")]),
        ("0,99 €", [(0.99, "EUR")]),
        ("$1.299", [(1.299, "USD")]),
        ("EUR 1.234", [(1234, "EUR")]),
        ("$5 - $10", [(5, "USD"), (10, "USD")]),
        ("1 234 567 zł", [(1234567, "PLN")]),
        ("1 500 \u0440\u0443\u0431.", [(1500, "RUB")]),
    ],
)
def test_a_price_is_read_in_its_own_convention(text: str, expected: list[tuple[float, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Since 2019",
        "Tel. 555-1234",
        "+1 (555) 010-9999",
        "12,345 km",
        "EUROPE 12",
        "USDA 12 grade",
        "3 Ft wide",
        "500 pounds towing",
        "Krone 12",
        "$",
        "$ and sense",
        "999999999999999999999 $",
    ],
)
def test_a_number_without_a_currency_is_no_price(text: str) -> None:
    assert found(text) == []


def test_a_year_before_a_price_is_not_the_price() -> None:
    assert found("2015 Ford F-150 $12,500 obo") == [(12500, "USD")]
    assert found("2019 $ 5,000") == [(5000, "USD")]
    assert found("12.500 € 2019") == [(12500, "EUR")]


def test_a_shared_symbol_is_read_by_the_home_of_the_page() -> None:
    assert found("$5", home="ca") == [(5, "CAD")]
    assert found("500 kr", home="no") == [(500, "NOK")]
    assert found("500 kr", home="da") == [(500, "DKK")]
    assert currency_of("eur") == "EUR"
    assert currency_of("?") is None


@given(cents=st.integers(0, 10**11))
def test_every_amount_is_read_back_under_both_conventions(cents: int) -> None:
    english = f"{cents / 100:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert [round(a * 100) for a, _ in found(f"${english}")] == [cents]
    assert [round(a * 100) for a, _ in found(f"{german} €")] == [cents]


@given(text=st.text(alphabet="0123456789.,' $€kr£EURUSD-\u00a0", max_size=80))
def test_any_mix_of_digits_and_marks_gives_bounded_amounts(text: str) -> None:
    for price in find_prices(text):
        assert 0 <= price.amount < 10 ** (MAX_DIGITS + 3)
        assert price.text in text


def test_a_long_run_of_digits_costs_linear_time() -> None:
    assert find_prices("111 " * 5_000) == []
    assert find_prices("1,111" * 5_000) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (19.99, 19.99),
        ("119.000", 119),
        ("1.234", 1.234),
        ("1,234.50", 1234.5),
        ("12,50 €", 12.5),
        (True, None),
        (None, None),
        ("call us", None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        ({"a": 1}, 1),
    ],
)
def test_a_value_for_machines_has_a_point_for_decimals(value: object, expected: float | None) -> None:
    assert machine_amount(value) == expected


def test_a_bare_number_is_a_price_where_the_caller_says_so() -> None:
    assert bare_amount("12.500,00") == 12500
    assert bare_amount("none") is None
    assert amount_of("") is None
