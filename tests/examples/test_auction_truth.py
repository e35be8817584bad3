"""The answer of a generated auction: always there, never near a threshold."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.auction.endings import FORMS, ending
from examples.auction.lots import choose
from examples.auction.site import build
from examples.auction.truth import Truth, truth_of
from examples.auction.words import count_words

SEEDS = st.integers(min_value=0, max_value=100_000)


@given(SEEDS)
def test_every_seed_has_three_to_five_underpriced_trucks(seed: int) -> None:
    assert 3 <= len(truth_of(choose(seed)).answer) <= 5


@given(SEEDS)
def test_every_seed_has_each_finding_and_both_sides_of_a_day(seed: int) -> None:
    answer = truth_of(choose(seed)).answer
    assert {found.ends_within_24h for found in answer} == {True, False}
    assert any(found.colour_differs for found in answer)
    assert any(found.photo_blurred for found in answer)
    assert any(found.photo_reused for found in answer)
    assert not all(found.photo_reused for found in answer)


@given(SEEDS)
def test_no_price_is_near_the_line_of_underpriced(seed: int) -> None:
    auction = choose(seed)
    shares = [lot.price / auction.typical_price(lot.model) for lot in auction.lots if lot.is_truck]
    assert all(share <= 0.75 or share >= 0.86 for share in shares)


@given(SEEDS)
def test_no_two_prices_tie_and_no_two_lots_share_a_number(seed: int) -> None:
    lots = choose(seed).lots
    assert len({lot.price for lot in lots}) == len({lot.number for lot in lots}) == len(lots)


@given(SEEDS)
def test_no_end_is_near_now_or_near_a_day_from_now(seed: int) -> None:
    auction = choose(seed)
    for lot in auction.lots:
        left = lot.ends.at - auction.now
        assert left >= timedelta(minutes=40)
        assert abs(left - timedelta(hours=24)) >= timedelta(hours=1)


@given(SEEDS)
def test_only_trucks_are_called_trucks(seed: int) -> None:
    assert all(("truck" in lot.title.lower()) == lot.is_truck for lot in choose(seed).lots)


@given(SEEDS)
def test_a_borrowed_photo_shows_the_same_model_in_the_same_colour(seed: int) -> None:
    lots = {lot.number: lot for lot in choose(seed).lots}
    for lot in lots.values():
        if lot.borrowed_from is not None:
            lender = lots[lot.borrowed_from]
            assert (lender.model, lender.colour, lender.lent) == (lot.model, lot.colour, True)
            assert lender.blurred_photo is None


@given(SEEDS)
def test_the_first_and_the_scripted_page_both_hold_an_answer(seed: int) -> None:
    auction = choose(seed)
    first, _, last = auction.pages()
    assert any(map(auction.is_underpriced, first))
    assert any(map(auction.is_underpriced, last))


def test_seeds_differ_in_time_zone_prices_and_answer() -> None:
    truths = [truth_of(choose(seed)) for seed in range(8)]
    assert len({truth.now for truth in truths}) == 8
    assert len({truth.home_zone for truth in truths}) > 1
    assert len({tuple(f.price for f in truth.answer) for truth in truths}) == 8


def test_the_answer_is_sorted_by_price_and_then_path() -> None:
    answer = truth_of(choose(3)).answer
    assert list(answer) == sorted(answer, key=lambda found: (found.price, found.path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return build(folder, seed=5)


def files_in(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_truth_json_says_what_build_returned(folder: Path, truth: Truth) -> None:
    written = json.loads((folder / "truth.json").read_text())
    assert written == truth.as_json()
    assert written["answer"][0] == asdict(truth.answer[0])


def test_the_answer_is_not_among_the_served_files(folder: Path, truth: Truth) -> None:
    assert truth.answer
    assert not list((folder / "public").rglob("truth.json"))


def test_one_seed_always_writes_the_same_bytes(folder: Path, truth: Truth, tmp_path: Path) -> None:
    assert build(tmp_path, seed=5) == truth
    assert files_in(tmp_path) == files_in(folder)
    assert len(files_in(folder)) > 40


def test_a_word_is_a_run_of_ascii_letters() -> None:
    assert count_words("It's 4x4: New tyres, 2.5t") == 6


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_every_form_of_an_end_can_be_said_before_or_after_a_day(form: object) -> None:
    rng = random.Random(4)
    now = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    hours = [rng.uniform(2, 22) for _ in range(60)] + [rng.uniform(26, 150) for _ in range(60)]
    found = [ending(now, h, home="America/Chicago", form=form, rng=rng) for h in hours]  # type: ignore[arg-type]  # parametrize hides the type
    said = [f for f in found if f is not None]
    assert said
    assert all(f.text and f.text in f.html.replace("&amp;", "&") for f in said)


def test_an_end_never_lands_on_the_other_side_of_a_day() -> None:
    rng = random.Random(9)
    now = datetime(2026, 10, 24, 15, 0, tzinfo=UTC)
    for form, hours in itertools.product(FORMS, (3, 21.9, 23.5, 24.5, 26.1, 100)):
        found = ending(now, hours, home="Europe/Berlin", form=form, rng=rng)
        assert found is None or (found.at - now < timedelta(hours=24)) == (hours < 24)
