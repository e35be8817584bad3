"""Several asks in one objective are told apart, and what belongs together stays together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from planner.rules.asks import asks_in
from planner.rules.draft import Draft
from planner.rules.plan import plan_by_rules
from planner.rules.text import read_text

Called = Callable[..., list[tuple[str, dict[str, Any]]]]


@pytest.mark.parametrize(
    ("objective", "count"),
    [
        ("Count the words of 'to be' and, separately, the median of 3, 9, 27.", 2),
        ("Colour of truck.png? And 4500 lbs in kg?", 2),
        ("Two things: sort 5, 3, 9 ascending, and tell me what 'noon CET' is in UTC.", 2),
        ("10 miles in km, the average of 3, 4 and 5, and how many words are in 'a b'?", 2),
        ("Sort this CSV by age and write it back as CSV: a,b\n1,2\n3,4", 1),
        ("Work out the UTC time of 'Tue 6pm' and put it into the template '{{ utc }}'", 1),
        ("Open http://x.test/a and tell me which auctions close in the next 2 hours", 1),
        ("Fetch http://x.test/1. Then fetch http://x.test/2 and compare them.", 1),
        ("find duplicates among a.jpg, b.jpg and c.jpg", 1),
    ],
)
def test_asks_stand_apart_where_each_brings_its_own_material(
    house: tuple[AgentCard, ...], objective: str, count: int
) -> None:
    assert len(asks_in(read_text(objective), Draft({}, house))) == count


def test_every_ask_gets_its_own_material(called: Called) -> None:
    steps = dict(called("How many words are in 'a b c', and what is 10 km in miles?"))
    assert steps["wasm:text_stats"] == {"text": {"literal": "a b c"}}
    assert steps["wasm:convert"]["value"] == {"literal": 10}


def test_several_answers_leave_the_result_open(house: tuple[AgentCard, ...]) -> None:
    document = plan_by_rules("Colour of truck.png? And 4500 lbs in kg?", inputs={}, cards=house)
    assert "result_key" not in document
