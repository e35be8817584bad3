"""What is for sale: every choice the generator makes, before a page or a photo exists.

The answer is computed from these choices alone (see `truth.py`).
"""

from __future__ import annotations

import itertools
import random
import statistics
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from examples.auction.endings import FORMS, Ending, ending
from examples.auction.words import describe, shade_of

Kind = Literal[
    "pickup truck", "box truck", "dump truck", "farm tractor", "trailer", "generator", "crockery", "print"
]

COLOURS: Final = ("red", "blue", "green", "yellow", "white", "black", "orange")
ZONES: Final = (
    "America/Chicago", "Europe/Berlin", "America/New_York", "America/Denver", "Europe/London",
    "America/Los_Angeles",
)  # fmt: skip
_SHAPES: Final = (  # trucks of each model, how many of them are cheap
    ((5, 4, 3), (2, 1, 1)),
    ((4, 4, 4), (1, 1, 1)),
    ((5, 3, 3), (2, 1, 1)),
    ((5, 5, 3), (2, 2, 1)),
)
_TOWNS: Final = ("Ames, IA", "Redfield, SD", "Salina, KS", "Moline, IL", "Yankton, SD", "Joplin, MO")


@dataclass(frozen=True, slots=True)
class Model:
    """Something of which several are for sale."""

    make: str
    name: str
    kind: Kind
    base_price: int
    """Dollars."""


@dataclass(frozen=True, slots=True)
class Lot:
    """One thing for sale, with what is true of it and what is said of it."""

    number: int
    model: Model
    year: int
    price: int
    """Dollars."""
    ends: Ending
    colour: str
    """What its photos show."""
    stated: str
    """The plain colour its text states; differs from `colour` where the listing is wrong."""
    shade: str
    """The colour in the listing's words."""
    location: str
    mileage: int
    description: str
    photos: int
    """How many."""
    blurred_photo: int | None = None
    """Which photo is out of focus."""
    borrowed_from: int | None = None
    """The lot whose first photo is shown again as this lot's last."""
    lent: bool = False
    """Whether another lot shows this lot's first photo."""

    @property
    def path(self) -> str:
        """Where its page is, from the site's root."""
        return f"/lots/{self.number}.html"

    @property
    def title(self) -> str:
        """What its listing is called; says "truck" for trucks and for nothing else."""
        return f"{self.year} {self.model.make} {self.model.name} {self.model.kind}"

    @property
    def is_truck(self) -> bool:
        """Whether it is a truck."""
        return self.model.kind.endswith(" truck")


@dataclass(slots=True)
class Auction:
    """Everything on the site."""

    seed: int
    now: datetime
    home_zone: str
    lots: list[Lot] = field(default_factory=list)
    """In the order of the index pages."""
    page_sizes: tuple[int, ...] = ()

    def typical_price(self, model: Model) -> float:
        """Return the median price of every lot of `model`, dollars."""
        return statistics.median(lot.price for lot in self.lots if lot.model == model)

    def is_underpriced(self, lot: Lot) -> bool:
        """Say whether a lot is a truck that costs less than four fifths of its typical price."""
        return lot.is_truck and lot.price < 0.8 * self.typical_price(lot.model)

    def pages(self) -> list[list[Lot]]:
        """Return the lots of each index page."""
        ends = [sum(self.page_sizes[: i + 1]) for i in range(len(self.page_sizes))]
        return [self.lots[e - n : e] for e, n in zip(ends, self.page_sizes, strict=True)]


TRUCKS: Final = (
    Model("Halden", "Ridgeback 150", "pickup truck", 11_800),
    Model("Corvane", "Hauler 26", "box truck", 16_400),
    Model("Ostler", "Tipper T8", "dump truck", 23_500),
)
OTHERS: Final = (
    Model("Fenwright", "Plowman 60", "farm tractor", 7_900),
    Model("Lowbridge", "Gooseneck 20", "trailer", 3_400),
    Model("Amperley", "Standby 45", "generator", 5_200),
    Model("Union Canteen", "cups and saucers, set of 40,", "crockery", 160),
    Model("Launch Pad", "framed photograph, large", "print", 240),
)


def choose(seed: int) -> Auction:
    """Return the auction of a seed; the same seed always gives the same auction."""
    rng = random.Random(f"auction {seed}")
    local_noon = datetime(2026, 1, 1, 16, tzinfo=UTC) + timedelta(days=rng.randrange(360))
    now = local_noon + timedelta(minutes=5 * rng.randrange(36))
    auction = Auction(seed, now, rng.choice(ZONES))
    sizes, cheap = rng.choice(_SHAPES)
    order = rng.sample(range(3), 3)
    paint = itertools.cycle(rng.sample(COLOURS, len(COLOURS)))
    trucks: list[Lot] = []
    prices: set[int] = set()
    for slot, which in enumerate(order):
        model = TRUCKS[which]
        prices_of = _prices(model, sizes[slot], cheap[slot], rng=rng, taken=prices)
        trucks += [_draft(model, price, auction, colour=next(paint), rng=rng) for price in prices_of]
    others = [(model, _prices(model, 1, 0, rng=rng, taken=prices)[0]) for model in OTHERS]
    auction.lots = trucks + [_draft(m, price, auction, colour=next(paint), rng=rng) for m, price in others]
    _number(auction, rng)
    _end(auction, rng)
    _spoil(auction, rng)
    _arrange(auction, rng)
    auction.lots = [
        replace(lot, description=describe(lot.model.kind, lot.shade, lot.mileage, rng=rng))
        for lot in auction.lots
    ]
    return auction


def _prices(model: Model, count: int, cheap: int, *, rng: random.Random, taken: set[int]) -> list[int]:
    """Draw prices whose cheap ones are clearly under, the others clearly over, the line of underpriced."""
    while True:
        low = [_price(model, rng.uniform(0.52, 0.66)) for _ in range(cheap)]
        drawn = low + [_price(model, rng.uniform(0.93, 1.12)) for _ in range(count - cheap)]
        middle = statistics.median(drawn)
        apart = all((p <= 0.75 * middle) if i < cheap else (p >= 0.86 * middle) for i, p in enumerate(drawn))
        if apart and len(set(drawn)) == count and not taken & set(drawn):
            taken |= set(drawn)
            return drawn


def _price(model: Model, share: float) -> int:
    step = 50 if model.base_price > 1000 else 5
    return int(model.base_price * share / step) * step


def _draft(model: Model, price: int, auction: Auction, *, colour: str, rng: random.Random) -> Lot:
    never = Ending(auction.now, "", "")
    return Lot(
        number=0, model=model, year=rng.randint(2004, 2019), price=price, ends=never, colour=colour,
        stated=colour, shade=shade_of(colour, rng=rng), location=rng.choice(_TOWNS),
        mileage=rng.randrange(38_000, 260_000, 50), description="",
        photos=rng.choice((1, 2, 2, 3)) if model.kind not in {"crockery", "print"} else 1,
    )  # fmt: skip


def _number(auction: Auction, rng: random.Random) -> None:
    numbers = rng.sample(range(1001, 1099), len(auction.lots))
    auction.lots = [replace(lot, number=n) for lot, n in zip(auction.lots, numbers, strict=True)]


def _end(auction: Auction, rng: random.Random) -> None:
    """Give every lot its end; of the underpriced ones, some end within a day and some do not."""
    soon = {lot.number: i % 2 == 0 for i, lot in enumerate(_cheap(auction))}
    forms = list(FORMS)
    rng.shuffle(forms)
    for i, lot in enumerate(auction.lots):
        within = soon.get(lot.number, rng.random() < 0.5)
        found = None
        while found is None:
            hours = rng.uniform(2, 22) if within else rng.uniform(26, 150)
            found = ending(auction.now, hours, home=auction.home_zone, form=forms.pop(0), rng=rng)
            forms = forms or rng.sample(FORMS, len(FORMS))
        auction.lots[i] = replace(lot, ends=found)


def _cheap(auction: Auction) -> list[Lot]:
    return [lot for lot in auction.lots if auction.is_underpriced(lot)]


def _spoil(auction: Auction, rng: random.Random) -> None:
    """Let one underpriced truck state another colour, one be out of focus, one borrow a photo."""
    cheap = rng.sample(_cheap(auction), len(_cheap(auction)))
    fair = [lot for lot in auction.lots if lot.is_truck and lot not in cheap]
    wrong, blurred, borrower = cheap[:3]
    lender = rng.choice([lot for lot in fair if lot.model == borrower.model])
    also_blurred, also_wrong = rng.sample([lot for lot in fair if lot != lender], 2)
    _change(auction, _misstated(wrong, rng))
    _change(auction, replace(blurred, blurred_photo=rng.randrange(blurred.photos)))
    _change(auction, replace(also_blurred, blurred_photo=0))
    _change(auction, _misstated(also_wrong, rng))
    _change(auction, replace(lender, lent=True))
    borrowed = replace(
        borrower, colour=lender.colour, stated=lender.stated, shade=lender.shade, borrowed_from=lender.number
    )
    _change(auction, replace(borrowed, photos=max(2, borrowed.photos) if rng.random() < 0.5 else 1))


def _misstated(lot: Lot, rng: random.Random) -> Lot:
    far = {"orange": {"red", "yellow"}, "red": {"orange"}, "yellow": {"orange"}}.get(lot.colour, set())
    stated = rng.choice([c for c in COLOURS if c != lot.colour and c not in far])
    return replace(lot, stated=stated, shade=shade_of(stated, rng=rng))


def _change(auction: Auction, lot: Lot) -> None:
    auction.lots = [lot if other.number == lot.number else other for other in auction.lots]


def _arrange(auction: Auction, rng: random.Random) -> None:
    """Mix the lots over three pages so that the first and the last both hold an underpriced truck."""
    count = len(auction.lots)
    auction.page_sizes = (6, 6, count - 12)
    while True:
        rng.shuffle(auction.lots)
        first, _, last = auction.pages()
        if all(any(auction.is_underpriced(lot) for lot in page) for page in (first, last)):
            return
