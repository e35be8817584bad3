"""Slips are mended against known words; other words, names and literals stay as written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card import AgentCard
from planner.rules.known import known_of
from planner.rules.spelling import Speller, slips
from planner.rules.text import read_text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cheepest trcuks", "cheapest trucks"),
        ("compair the pitcures", "compare the pictures"),
        ("avrage prise", "average price"),
        ("hwo mnay wrods", "how many words"),
        ("validdate teh shema", "validate the schema"),
        ("auctoins tomorow", "auctions tomorrow"),
        ("how meny", "how many"),
    ],
)
def test_a_slip_is_mended(house: tuple[AgentCard, ...], written: str, meant: str) -> None:
    mended = known_of(house).speller.mended(written).split()
    assert sum(a == b for a, b in zip(mended, meant.split(), strict=True)) >= len(mended) - 1


@pytest.mark.parametrize(
    "text",
    ["bathroom tiles", "county road", "railway tracks", "the lost form", "a counter", "Peterbilt and Kubota", "sails", "prizes"],
)  # fmt: skip
def test_a_word_of_its_own_is_no_slip(house: tuple[AgentCard, ...], text: str) -> None:
    assert known_of(house).speller.mended(text) == text


def test_literals_are_never_mended(house: tuple[AgentCard, ...]) -> None:
    text = read_text("count wrods in 'cheepest trcuks' on http://x.test/trcuks", known_of(house).speller)
    assert text.quotes == ("cheepest trcuks",)
    assert text.urls == ("http://x.test/trcuks",)


@pytest.mark.parametrize(
    ("one", "other", "count"), [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xyz", 3)]
)
def test_slips_are_counted_up_to_a_bound(one: str, other: str, count: int) -> None:
    assert slips(one, other, 2) == count


@given(st.text(max_size=60))
def test_any_text_is_mended_without_fail(text: str) -> None:
    speller = Speller(["photos", "cheapest"])
    assert len(speller.mended(text).split()) == len(text.split())
