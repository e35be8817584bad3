"""Lists of numbers in prose, however they are written, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from planner.rules.text import read_text

Plan = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("119,00 / 47,60 / 238,00 / 59,50 Euro", [119, 47.6, 238, 59.5]),
        ("12,50; 8,99; 103,20", [12.5, 8.99, 103.2]),
        ("12, 15 and 9", [12, 15, 9]),
        ("12, 15, 9, and 4", [12, 15, 9, 4]),
        ("4,5 und 6,5 und 7,0", [4.5, 6.5, 7]),
        ("$12.50, $9.99 and $30", [12.5, 9.99, 30]),
        ("12,50 € + 7,90 € + 3,10 €", [12.5, 7.9, 3.1]),
        ("1.250,00 €, 300,50 € y 75 €", [1250, 300.5, 75]),
        ("1 200,50 € ; 830,00 € ; 99,90 €", [1200.5, 830, 99.9]),
        ("12'500, 3'000, 4'100", [12500, 3000, 4100]),
        ("120.000, 85.500, 230.100", [120000, 85500, 230100]),
        ("1.234, 5.678, 9.012", [1.234, 5.678, 9.012]),
        ("1,200, 3,400 and 500", [1200, 3400, 500]),
        ("12k, 15k, 9k", [12000, 15000, 9000]),
        ("12 kg, 15 kg und 9 kg", [12, 15, 9]),
        ("3%, 4%, 5%", [3, 4, 5]),
        ("-3, 4, -5", [-3, 4, -5]),
        ("340 - 280 - 415", [340, 280, 415]),
        ("7 8 9 10 4", [7, 8, 9, 10, 4]),
        ("3+4+5", [3, 4, 5]),
        ("120,95,240,180,95", [120, 95, 240, 180, 95]),
        ("these:\n12.50\n7.20\n3.99", [12.5, 7.2, 3.99]),
        ("12,50\n7,20\n3,99", [12.5, 7.2, 3.99]),
        ("- 12\n- 45\n- 7\nsum them", [12, 45, 7]),
    ],
)
def test_a_list_of_numbers_is_found_in_any_shape(said: str, numbers: list[float]) -> None:
    assert read_text(f"sum of {said}").values == (numbers,)


@pytest.mark.parametrize(
    "said",
    [
        "31/12/2026",
        "5 / 6 / 2026",
        "31.12.2026, 05.01.2027, 7.2.2027",
        "2026-01-02, 2026-02-03, 2026-03-04",
        "14:30, 15:00, 16:20",
        "8 h, 14 h et 20 h",
        "10 - 12, 14 - 18",
        "9 000 000",
        "1,200,300",
        "+44 20 7946 0018",
        "rooms 12-15-9",
        "between 5 and 9",
        "v1.2.3",
    ],
)
def test_dates_times_and_telephone_numbers_are_no_list(said: str) -> None:
    assert read_text(f"look at {said}").values == ()


def test_the_unit_that_each_number_has_is_said_once_after_them() -> None:
    assert read_text("$5, $10 and $20 in euros").plain.split() == ["\ue002", "$", "in", "euros"]
    assert read_text("5 kg, 10 kg and 20 kg in lb").plain.split() == ["\ue002", "kg", "in", "lb"]


@pytest.mark.parametrize(
    ("objective", "step"),
    [
        ("Noten: 1,3 / 2,0 / 1,7 - Notendurchschnitt?", {"mean"}),
        ("Höchstpreis und Tiefstpreis aus 310, 295, 420?", {"min", "max"}),
        ("Preisspanne von 310, 295 und 420 bitte", {"min", "max"}),
        ("¿Cuál es el mayor de 8, 99, 23?", {"max"}),
        ("Combien font 12,50 + 3,20 + 8 en tout ?", {"sum"}),
        ("la media de 12,5 ; 7,25 ; 9,0", {"mean"}),
        ("which is the highest of 17, 230, 99", {"max"}),
    ],
)
def test_what_is_asked_of_plain_numbers_is_reckoned_over_them(
    plan: Plan, objective: str, step: set[str]
) -> None:
    (stage,) = plan(objective)["subtasks"]
    assert stage["bind"]["steps"]["literal"][-1]["aggregates"].keys() == step


def test_the_n_greatest_of_plain_numbers_come_in_order(plan: Plan) -> None:
    (stage,) = plan("the three largest of 5, 1, 9, 7 and 3")["subtasks"]
    assert stage["bind"]["steps"]["literal"][1:] == [
        {"op": "sort", "by": [{"column": "value", "descending": True}]},
        {"op": "limit", "count": 3},
    ]
