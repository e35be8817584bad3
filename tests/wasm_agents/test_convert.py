"""The guest convert against exact fractions reckoned in Python."""

import json
import math
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wasm_agents.shipped import answers_in_an_envelope, ask, refusal, shipped
from wasm_agents.guest import Guest

KINDS = {
    "length": "m km cm mm um nm in ft yd mi nmi",
    "mass": "kg g mg ug t lb oz st ton_us ton_uk",
    "volume": "l dl cl ml m3 ft3 in3 gal_us qt_us pt_us cup_us floz_us tbsp_us tsp_us gal_uk pt_uk floz_uk bbl",
    "area": "m2 km2 cm2 mm2 ha acre in2 ft2 yd2 mi2",
    "speed": "m/s km/h mph ft/s kn",
    "time": "s ms us ns min h d wk",
    "energy": "J kJ MJ Wh kWh cal kcal BTU ft_lbf eV",
    "power": "W kW MW hp PS",
    "pressure": "Pa hPa kPa MPa bar mbar atm mmHg inHg torr psi",
    "data": "B kB MB GB TB PB KiB MiB GiB TiB bit kbit Mbit Gbit",
    "fuel": "km/l l/100km mpg_us mpg_uk",
    "temperature": "K C F R",
}
PAIRS = [(kind, a, b) for kind, said in KINDS.items() for a in said.split() for b in said.split() if a != b]
SIZES = st.floats(1e-6, 1e9, allow_subnormal=False)


@pytest.fixture(scope="module")
def convert() -> Iterator[Guest]:
    with shipped("convert") as guest:
        yield guest


@pytest.mark.parametrize(
    ("value", "source", "target", "found"),
    [
        (3, "ft", "in", 36), (0.1, "mi", "km", 0.1609344), (1, "nmi", "m", 1852), (26.2, "miles", "Kilometres", 42.1648128),
        (1, "lb", "g", 453.59237), (1, "oz", "g", 28.349523125), (1, "st", "lb", 14), (1, "ton_uk", "lb", 2240),
        (1, "gal_us", "in3", 231), (1, "gal_us", "floz_us", 128), (1, "gal_uk", "pt_uk", 8), (1, "pt_uk", "floz_uk", 20),
        (1, "cup_us", "tbsp_us", 16), (1, "tbsp_us", "tsp_us", 3), (1, "bbl", "us gallons", 42), (1, "m3", "l", 1000),
        (1, "acre", "ft2", 43560), (1, "mi2", "acre", 640), (1, "ha", "m²", 10000), (1, "ft3", "in3", 1728),
        (36, "km/h", "m/s", 10), (1, "kn", "km/h", 1.852), (60, "mph", "ft/s", 88), (1, "wk", "h", 168),
        (1, "kWh", "MJ", 3.6), (1, "kcal", "kJ", 4.184), (1, "hp", "ft_lbf", None), (550, "ft_lbf", "J", 745.6998715822702),
        (1, "atm", "torr", 760), (1, "bar", "kPa", 100), (1, "psi", "Pa", 6894.757293168362), (1, "GiB", "MiB", 1024),
        (8, "Mbit", "MB", 1), (1, "MB", "kB", 1000), (100, "C", "F", 212), (-40, "F", "C", -40), (0, "K", "celsius", -273.15),
        (491.67, "R", "°C", 0), (5, "l/100km", "km/l", 20), (20, "km/l", "l/100km", 5), (1, "cm", "in", 0.3937007874015748),
    ],
)  # fmt: skip
def test_a_value_is_given_in_the_other_unit(
    convert: Guest, value: float, source: str, target: str, found: float | None
) -> None:
    asked = {"value": value, "from": source, "to": target}
    if found is None:
        assert refusal(convert, asked)[0] == "incompatible_units"
    else:
        assert ask(convert, asked)["value"] == found


def test_every_pair_of_one_kind_goes_there_and_back(convert: Guest) -> None:
    for kind, a, b in PAIRS:
        there = ask(convert, {"values": [1, 123.456, 1e-3, 7e8], "from": a, "to": b})
        back = ask(convert, {"values": there["values"], "from": b, "to": a})["values"]
        rough = 1e-12 if kind == "temperature" else 1e-15
        assert there["kind"] == kind
        assert back == [pytest.approx(v, rel=rough, abs=1e-12) for v in (1, 123.456, 1e-3, 7e8)], (a, b)


@settings(max_examples=150, deadline=None)
@given(value=SIZES, rate=SIZES, other=SIZES, digits=st.integers(0, 8))
def test_currencies_are_reckoned_exactly_and_rounded_once(
    convert: Guest, value: float, rate: float, other: float, digits: int
) -> None:
    asked: dict[str, Any] = {"value": value, "from": "USD", "to": "EUR", "rates": {"USD": rate, "EUR": other}}
    exact = Fraction(repr(value)) * Fraction(repr(other)) / Fraction(repr(rate))
    assert abs(Fraction(ask(convert, asked)["value"]) - exact) <= exact / 2**52
    rounded = ask(convert, asked | {"round": digits})["value"]
    if exact * 10**digits < 10**16:
        assert Fraction(repr(rounded)) == pytest.approx(round(exact, digits), rel=1e-15)


@settings(max_examples=100, deadline=None)
@given(cents=st.integers(-(10**9), 10**9), digits=st.integers(0, 4))
def test_rounding_is_of_the_decimal_that_was_said(convert: Guest, cents: int, digits: int) -> None:
    value = Decimal(cents) / 1000
    asked = {"value": float(value), "from": "X", "to": "X", "rates": {"X": 1}, "round": digits}
    wanted = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    assert Decimal(repr(ask(convert, asked)["value"])) == wanted


@pytest.mark.parametrize(
    ("rounding", "found"),
    [
        ("half_even", [2, -2, 4, 0]),
        ("half_up", [3, -3, 4, 0]),
        ("up", [3, -3, 4, 1]),
        ("down", [2, -2, 3, 0]),
    ],
)
def test_each_rounding_treats_halves_its_way(convert: Guest, rounding: str, found: list[int]) -> None:
    asked = {"values": [2.5, -2.5, 3.5, 1e-9], "from": "m", "to": "m", "round": 0, "rounding": rounding}
    assert ask(convert, asked)["values"] == found


def test_gaps_stay_gaps_and_a_base_needs_no_rate(convert: Guest) -> None:
    asked = {"values": [10, None], "from": "EUR", "to": "USD", "base": "EUR", "rates": {"USD": 1.25}}
    assert ask(convert, asked) == {"values": [12.5, None], "from": "EUR", "to": "USD", "kind": "currency"}


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"value": 5, "from": "kg", "to": "m"}, "incompatible_units", "kg is a unit of mass and m of length"),
        ({"value": 5, "from": "gallons", "to": "l"}, "ambiguous_unit", "say gal_us or gal_uk"),
        ({"value": 5, "from": "mpg", "to": "km/l"}, "ambiguous_unit", "say mpg_us or mpg_uk"),
        ({"value": 5, "from": "parsec", "to": "m"}, "unknown_unit", "no unit is called 'parsec'"),
        ({"value": 5, "from": "USD", "to": "EUR"}, "unknown_unit", "a currency needs rates"),
        ({"value": 5, "from": "USD", "to": "GBP", "rates": {"USD": 1}}, "unknown_rate", "no rate is given for 'GBP'"),
        ({"value": 5, "from": "USD", "to": "X", "rates": {"USD": 1, "X": 0}}, "bad_rate", "not a number above 0"),
        ({"value": 5, "from": "USD", "to": "USD", "base": "USD", "rates": {"USD": 2}}, "bad_rate", "its rate is 1"),
        ({"value": -300, "from": "C", "to": "K"}, "out_of_range", "below absolute zero"),
        ({"value": 0, "from": "km/l", "to": "l/100km"}, "out_of_range", "0 has no value in that unit"),
        ({"value": 10**400, "from": "m", "to": "km"}, "out_of_range", "beyond 1e300"),
        ({"value": 10**35 + 1, "from": "m", "to": "km"}, "out_of_range", "at most 34"),
        ({"value": 1e30, "from": "C", "to": "K"}, "out_of_range", "a temperature has at most"),
        ({"value": "5", "from": "m", "to": "km"}, "bad_input", "a value is of type string, not a number"),
        ({"value": 5, "values": [], "from": "m", "to": "km"}, "bad_input", "give either value or values"),
        ({"value": 5, "to": "km"}, "bad_input", "from is missing"),
        ({"value": 5, "from": "m", "to": "km", "round": 13}, "bad_input", "a whole number from 0 to 12"),
        ({"value": 5, "from": "m", "to": "km", "rounding": "near"}, "bad_input", "it may be half_even, half_up, up, down"),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused_exactly(
    convert: Guest, inputs: dict[str, Any], code: str, said: str
) -> None:
    found, message = refusal(convert, inputs)
    assert found == code
    assert said in message


def test_a_hundred_thousand_values_are_converted_within_the_limits(convert: Guest) -> None:
    found = ask(convert, {"values": [i * 1.37 for i in range(100_000)], "from": "F", "to": "C"})["values"]
    assert math.isclose(found[-1], (99_999 * 1.37 - 32) / 1.8, rel_tol=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    digits=st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,20})?", fullmatch=True),
    units=st.sampled_from(PAIRS),
    more=st.sampled_from(["", ',"round":0', ',"round":12,"rounding":"up"']),
)
def test_no_number_makes_the_guest_trap(
    convert: Guest, digits: str, units: tuple[str, str, str], more: str
) -> None:
    asked = json.dumps({"from": units[1], "to": units[2]})[:-1] + f',"value":{digits}{more}}}'
    assert answers_in_an_envelope(convert, asked.encode())
