"""The right answer, from the generator's choices alone: no page, photo or agent is asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from examples.auction.endings import iso_z
from examples.auction.lots import Auction, Lot
from examples.auction.words import count_words

OBJECTIVE = (
    "Find underpriced trucks on the auction site, compare what the photos show with the text "
    "and say which end within 24 hours"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One underpriced truck."""

    path: str
    title: str
    price: int
    typical_price: float
    """Median price of every truck of its model on the site, itself included."""
    ends_at: str
    """ISO 8601, UTC."""
    ends_within_24h: bool
    colour_stated: str
    colour_seen: str
    colour_differs: bool
    photo_blurred: bool
    photo_reused: bool
    words: int
    """Words in the description; a word is a maximal run of ASCII letters."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a run over the generated site must find."""

    seed: int
    now: str
    """ISO 8601, UTC: the site's time words are relative to it."""
    home_zone: str
    objective: str
    answer: tuple[Finding, ...]
    """By price, then path."""

    def as_json(self) -> dict[str, Any]:
        """Return what `truth.json` holds."""
        return json.loads(self.text())  # type: ignore[no-any-return]  # a dataclass is an object

    def text(self) -> str:
        """Return `truth.json`."""
        return json.dumps(asdict(self), indent=2) + "\n"


def truth_of(auction: Auction) -> Truth:
    """Return the answer an auction has."""
    cheap = sorted(filter(auction.is_underpriced, auction.lots), key=lambda lot: (lot.price, lot.path))
    answer = tuple(_finding(auction, lot) for lot in cheap)
    return Truth(auction.seed, iso_z(auction.now), auction.home_zone, OBJECTIVE, answer)


def _finding(auction: Auction, lot: Lot) -> Finding:
    typical = auction.typical_price(lot.model)
    return Finding(
        path=lot.path,
        title=lot.title,
        price=lot.price,
        typical_price=int(typical) if typical == int(typical) else typical,
        ends_at=iso_z(lot.ends.at),
        ends_within_24h=lot.ends.at - auction.now < timedelta(hours=24),
        colour_stated=lot.stated,
        colour_seen=lot.colour,
        colour_differs=lot.stated != lot.colour,
        photo_blurred=lot.blurred_photo is not None,
        photo_reused=lot.lent or lot.borrowed_from is not None,
        words=count_words(lot.description),
    )
