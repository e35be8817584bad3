"""Amounts are read with their units, and the unit they are wanted in."""

from __future__ import annotations

import pytest

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


def test_what_a_page_states_is_converted_without_its_amount() -> None:
    found = conversion_in(read_text("Take the power from http://x.test/ and convert the PS to kilowatts"))
    assert found is not None
    assert (found.value, found.source, found.target) == (None, "PS", "kW")


def test_a_rate_in_the_words_is_read() -> None:
    found = conversion_in(read_text("convert 100 USD to EUR at a rate of 0.92"))
    assert found is not None
    assert (found.kind, found.rate) == ("currency", 0.92)


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
