"""Numbers read out of texts, as pages give their facts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.data.numerals import number_in
from agents.data.values import CellProblem


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("128,000 km", 128000),
        ("128.000 km", 128000),
        ("128 000 km", 128000),
        ("1,800 h", 1800),
        ("2,5 t", 2.5),
        ("2.5 t (gross)", 2.5),
        ("1.234,5 kg", 1234.5),
        ("-4 °C", -4),
        ("\u22124 °C", -4),
        ("128k miles", 128000),
        ("300 K", 300),
        ("about 45%", 45),
        ("150hp at 4,000 rpm", 150),
        ("2019-05", 2019),
        ("Euro5, 90 kW", 90),
        ("unknown", None),
        ("", None),
        (None, None),
        (7, 7),
        (2.5, 2.5),
    ],
)
def test_the_first_number_of_a_text_is_read(text: Any, found: float | None) -> None:
    assert number_in(text, "mileage") == found


@pytest.mark.parametrize("value", [True, [1], {"n": 1}])
def test_what_is_neither_text_nor_number_is_refused(value: Any) -> None:
    with pytest.raises(CellProblem):
        number_in(value, "mileage")


@settings(max_examples=200)
@given(st.text(max_size=600))
def test_any_text_gives_a_number_or_none(text: str) -> None:
    assert isinstance(number_in(text, "mileage"), int | float | None)


@given(st.integers(0, 10**12))
def test_a_number_with_marked_thousands_reads_back(whole: int) -> None:
    assert number_in(f"{whole:,} km", "mileage") == whole
