"""Amounts are read with their units, and the unit they are wanted in."""

from __future__ import annotations

import pytest

from planner.rules.rates import rate_in
from planner.rules.spelling import fold
from planner.rules.text import read_text
from planner.rules.units import conversion_in


@pytest.mark.parametrize(
    ("objective", "value", "source", "target"),
    [
        ("Convert 72 fahrenheit to celsius.", 72, "F", "C"),
        ("35 mpg_us as l/100km", 35, "mpg_us", "l/100km"),
        ("10 kg in lb", 10, "kg", "lb"),
        ("how much is 3 liters in us pints", 3, "l", "pt_us"),
        ("The table is 78 inches long; what is that in metres?", 78, "in", "m"),
        ("An Echo Dot weighs 11 ounces. How many grams?", 11, "oz", "g"),
        ("Rechne 68 Fahrenheit in Celsius um.", 68, "F", "C"),
        ("¿Cuántos kilos son 150 libras?", 150, "lb", "kg"),
        ("Combien de kilomètres font 26 miles ?", 26, "mi", "km"),
        ("How many seconds are 3.5 days?", 3.5, "d", "s"),
        ("212°F in celsius?", 212, "F", "C"),
        ("120 PS in kW", 120, "PS", "kW"),
        ("convert -40 c to f", -40, "C", "F"),
        ("1,500 metres in km", 1500, "m", "km"),
        ("Ça fait combien, 30 mpg_us, en litres aux 100 ?", 30, "mpg_us", "l/100km"),
        ("30 mpg_us en litros a los 100 km", 30, "mpg_us", "l/100km"),
        ("Wie viel Liter auf 100 km sind 25 mpg_us?", 25, "mpg_us", "l/100km"),
        ("250 pounds to euros at 1.17 euro per pound", 250, "GBP", "EUR"),
    ],
)
def test_a_conversion_is_read(objective: str, value: float, source: str, target: str) -> None:
    found = conversion_in(read_text(objective))
    assert found is not None
    assert (found.value, found.source, found.target) == (value, source, target)


def test_a_list_of_amounts_is_one_conversion() -> None:
    found = conversion_in(read_text("convert 12, 30 and 8 miles to km"))
    assert found is not None
    assert (found.is_list, found.value, found.source) == (True, None, "mi")


@pytest.mark.parametrize(
    ("objective", "values"),
    [
        ("34 feet and 52 feet too metres", (34, 52)),
        ("Wie viel Meter sind 34 Fuß und 52 Fuß?", (34, 52)),
        ("12 lbs, 40.5 lbs -> kgs", (12, 40.5)),
        ("convert 34 feet and 12 pounds to metres", ()),
        ("convert 5 ft 11 to cm", ()),
    ],
)
def test_amounts_of_one_unit_are_a_list(objective: str, values: tuple[float, ...]) -> None:
    found = conversion_in(read_text(objective))
    assert found is not None
    assert found.values == values


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        ("Median price on http://x.test/, in euros at 0.92 euros to the dollar", "EUR"),
        ("Mean price on http://x.test/ in pounds, at 0.79 pounds per dollar", "GBP"),
        ("Median price on http://x.test/ in euros", None),
        ("The berth is 34 feet and 52 metres too long", None),
    ],
)
def test_a_rate_says_that_prices_are_converted(objective: str, target: str | None) -> None:
    found = conversion_in(read_text(objective))
    assert (found and found.target) == target


def test_what_a_page_states_is_converted_without_its_amount() -> None:
    found = conversion_in(read_text("Take the power from http://x.test/ and convert the PS to kilowatts"))
    assert found is not None
    assert (found.value, found.source, found.target) == (None, "PS", "kW")


@pytest.mark.parametrize(
    ("objective", "source", "target"),
    [
        ("the lengths in feet into metres on http://x.test/, only those longer than 12 metres", "ft", "m"),
        ("http://x.test/ in metres instead of feet", "ft", "m"),
        ("speed on http://x.test/ is given in knots; give it in km/h", "kn", "km/h"),
        ("http://x.test/ under 100,000 km; the page gives miles", "mi", "km"),
        ("Gewichte auf http://x.test/ in Kilogramm, angegeben sind Pfund", "lb", "kg"),
        ("los precios en dólares de http://x.test/ conviértelos a euros", "USD", "EUR"),
    ],
)
def test_small_words_say_which_unit_is_stated_and_which_is_wanted(
    objective: str, source: str, target: str
) -> None:
    found = conversion_in(read_text(objective))
    assert found is not None
    assert (found.value, found.source, found.target) == (None, source, target)


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("0.92 euro per dollar", (0.92, "USD", "EUR")),
        ("0,92 Euro pro Dollar", (0.92, "USD", "EUR")),
        ("ein Dollar kostet 0,92 Euro", (0.92, "USD", "EUR")),
        ("a 0,92 euros por dólar", (0.92, "USD", "EUR")),
        ("0,92 euro pour un dollar", (0.92, "USD", "EUR")),
        ("1 GBP = 1.17 EUR", (1.17, "GBP", "EUR")),
        ("1.17 euros to the pound", (1.17, "GBP", "EUR")),
        ("at a rate of 0.92", (0.92, "", "")),
        ("Kurs 1,04", (1.04, "", "")),
        ("250 dollars to euros", None),
        ("5 miles per hour", None),
        ("300 euros per night", None),
    ],
)
def test_a_rate_is_read_with_its_currencies(said: str, rate: tuple[float, str, str] | None) -> None:
    found = rate_in(fold(said))
    assert (found and (found.value, found.base, found.gets)) == rate


def test_a_rate_in_the_words_is_read() -> None:
    found = conversion_in(read_text("convert 100 USD to EUR at a rate of 0.92"))
    assert found is not None
    assert found.rate is not None
    assert (found.kind, found.rate.value) == ("currency", 0.92)


@pytest.mark.parametrize(
    "objective",
    [
        "trucks ending in 24 hours on http://x.test/",
        "How many hours remain until 5 March",
        "find trucks under 100000 km, how many days left",
        "tractors within 50 km of Berlin, price in euros under 9000",
        "convert 5 pm CT to UTC",
        "Sort 5 in a list",
    ],
)
def test_units_in_another_sense_are_no_conversion(objective: str) -> None:
    assert conversion_in(read_text(objective)) is None
