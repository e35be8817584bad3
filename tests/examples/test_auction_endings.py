"""Every end the generator puts in words is one that a reader gets right, without a doubt."""

from __future__ import annotations

import pytest

from agents.time.deadline import read_deadline
from examples.auction.endings import iso_z
from examples.auction.lots import ZONES, choose


@pytest.mark.parametrize("seeds", [range(2000 + 30 * i, 2030 + 30 * i) for i in range(4)], ids=str)
def test_every_end_in_words_is_read_to_the_minute(seeds: range) -> None:
    wrong = []
    for auction in map(choose, seeds):
        for lot in auction.lots:
            read = read_deadline(lot.ends.text, now=auction.now, zone=auction.home_zone)
            if read.utc != lot.ends.at or read.unsure:
                wrong.append((auction.seed, lot.ends.text, iso_z(lot.ends.at), read))
    assert not wrong


def test_every_home_zone_is_some_seeds_own() -> None:
    assert {choose(seed).home_zone for seed in range(60)} == set(ZONES)


def test_the_same_lot_never_ends_before_it_is_seen() -> None:
    for seed in range(2000, 2040):
        auction = choose(seed)
        assert all(lot.ends.at > auction.now for lot in auction.lots)
