"""Bounds, spans and counts, as people write them."""

from __future__ import annotations

import pytest

from planner.rules.amounts import Limit, limits_of, read_number, top_of, window_of
from planner.rules.text import read_text


@pytest.mark.parametrize(
    ("digits", "scale", "value"),
    [
        ("9000", "", 9000),
        ("9,000", "", 9000),
        ("9.000", "", 9000),
        ("9 000", "", 9000),
        ("9'000", "", 9000),
        ("1,234,567.89", "", 1234567.89),
        ("1.234.567,89", "", 1234567.89),
        ("9,50", "", 9.5),
        ("9.5", "k", 9500),
        ("2", "m", 2_000_000),
        ("500.", "", 500),
        ("1" * 400, "", float("1" * 15)),
        ("1.2.3.4", "", 1.234),
    ],
)
def test_a_number_is_read_as_its_writer_meant_it(digits: str, scale: str, value: float) -> None:
    assert read_number(digits, scale) == value


@pytest.mark.parametrize(
    ("objective", "limit"),
    [
        ("trucks under $9000", Limit("lt", 9000)),
        ("trucks below 500", Limit("lt", 500)),
        ("trucks for less than 10k dollars", Limit("lt", 10_000)),
        ("trucks cheaper than €9,500.50", Limit("lt", 9500.5)),
        ("LKWs unter 9.000 €", Limit("lt", 9000)),
        ("camions à moins de 9 000 €", Limit("lt", 9000)),
        ("camiones por menos de 9.000 €", Limit("lt", 9000)),
        ("at most 700 USD", Limit("le", 700)),
        ("up to £1,500", Limit("le", 1500)),
        ("höchstens 700 Euro", Limit("le", 700)),
        ("over $500", Limit("gt", 500)),
        ("mindestens 500 Euro", Limit("ge", 500)),
        ("au moins 500 euros", Limit("ge", 500)),
        ("price < 500", Limit("lt", 500)),
        ("price <= 500", Limit("le", 500)),
        ("price >= 500", Limit("ge", 500)),
        ("a bid below $500 that ends today", Limit("lt", 500)),
        ("tractors with under 2000 hours of use", Limit("lt", 2000, fact="Hours")),
        ("cars with less than 90,000 km", Limit("lt", 90_000, fact="Mileage")),
        ("tractors with over 100 hp", Limit("gt", 100, fact="Power")),
        ("throw out anything above 15000", Limit("le", 15_000)),
        ("wirf alles über 500 Euro raus", Limit("le", 500)),
        ("drop leaf tables under 500 euros", Limit("lt", 500)),
    ],
)
def test_a_limit_is_on_the_price_unless_its_unit_says_otherwise(objective: str, limit: Limit) -> None:
    assert list(limits_of(read_text(objective))) == [limit]


@pytest.mark.parametrize(
    ("objective", "low", "high"),
    [
        ("between $5,000 and 9k", 5000, 9000),
        ("between 5 and 9k", 5000, 9000),
        ("zwischen 5.000 und 9.000 Euro", 5000, 9000),
        ("entre 5 000 et 9 000 €", 5000, 9000),
    ],
)
def test_a_range_is_two_limits(objective: str, low: float, high: float) -> None:
    assert list(limits_of(read_text(objective))) == [Limit("ge", low), Limit("le", high)]


@pytest.mark.parametrize(
    "objective",
    [
        "find trucks under http://x.test/",
        "lots with at least 3 photos",
        "ending in under 2 hours",
        "lots that end in less than 30 minutes",
        "the understatement 500",
    ],
)
def test_what_only_looks_like_a_price_limit_is_none(objective: str) -> None:
    assert list(limits_of(read_text(objective))) == []


@pytest.mark.parametrize(
    ("objective", "hours"),
    [
        ("ending within 24 hours", 24),
        ("ends within 24 h", 24),
        ("say which end within a day", 24),
        ("which auctions close in the next 2 hours", 2),
        ("ending in 30 minutes", 0.5),
        ("ends in under 2 hours", 2),
        ("closing in the next hour", 1),
        ("ends within half an hour", 0.5),
        ("end within twenty-four hours", 24),
        ("ending over the next three days", 72),
        ("within a week", 168),
        ("die in 24 Stunden enden", 24),
        ("die in den nächsten zwei Tagen enden", 48),
        ("enden innerhalb von 3 Tagen", 72),
        ("qui se terminent dans les 24 heures", 24),
        ("que terminan en 24 horas", 24),
        ("que terminan en las próximas 5 horas", 5),
        ("quels départs dans les 90 prochaines minutes", 1.5),
        ("dans les deux prochaines heures", 2),
        ("in the next hour and a half", 1.5),
        ("leaving within the next two and a half hours", 2.5),
        ("in anderthalb Stunden läuft es ab", 1.5),
        ("en la próxima media hora", 0.5),
        ("qui se terminent dans une heure et demie", 1.5),
        ("dans moins d'une heure", 1),
    ],
)
def test_a_span_says_how_soon_something_ends(objective: str, hours: float) -> None:
    window = window_of(read_text(objective))
    assert window is not None
    assert (window.hours, window.is_loose) == (hours, False)


@pytest.mark.parametrize(
    ("objective", "hours"),
    [
        ("which lots end today", 24),
        ("ending tonight", 24),
        ("closing tomorrow", 48),
        ("ends this week", 168),
        ("die heute enden", 24),
        ("que terminan hoy", 24),
        ("concerts that begin tonight", 24),
        ("die vor morgen Mittag auslaufen", 48),
        ("what closes by Friday", 168),
        ("qui se terminent aujourd'hui", 24),
    ],
)
def test_a_day_named_in_words_is_a_loose_span(objective: str, hours: float) -> None:
    window = window_of(read_text(objective))
    assert window is not None
    assert (window.hours, window.is_loose) == (hours, True)


@pytest.mark.parametrize(
    "objective",
    [
        "trucks with under 2000 hours of use",
        "in one of the pages",
        "today is fine",
        "paid in 3 days",
        "en la semana",
    ],
)
def test_a_span_of_something_else_says_nothing_of_the_end(objective: str) -> None:
    assert window_of(read_text(objective)) is None


@pytest.mark.parametrize(
    ("objective", "count"),
    [
        ("the top 5 trucks", 5),
        ("the three cheapest trucks", 3),
        ("10 most expensive lots", 10),
        ("the first ten listings", 10),
        ("the ten newest", 10),
        ("les trois vélos les moins chers", None),
        ("los cinco coches más baratos", 5),
        ("les cinq moins chers", 5),
        ("die drei günstigsten", 3),
        ("the 5 latest days", None),
        ("the first 2 hours", None),
        ("the cheapest truck", None),
        ("top 0", None),
        ("top 9999", None),
    ],
)
def test_a_count_is_read_from_top_n(objective: str, count: int | None) -> None:
    assert top_of(read_text(objective)) == count
