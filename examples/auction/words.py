"""The auctioneer's words: descriptions in plain English, ASCII only."""

from __future__ import annotations

import random
import re
from typing import Final

_SHADES: Final = {
    "red": ("bright red", "dark red", "red"),
    "blue": ("dark blue", "blue", "light blue"),
    "green": ("dark green", "green"),
    "yellow": ("yellow", "bright yellow"),
    "white": ("white",),
    "black": ("black",),
    "orange": ("orange", "bright orange"),
}
_COLOUR: Final = (
    "Finished in {shade}, with a few honest marks.",
    "It is finished in {shade} and was washed before the photos.",
    "Paint is {shade}, original except for one corner.",
    "Cab and body are painted {shade}.",
    "A tidy {shade} example.",
)
_TRUCK: Final = (
    "One owner from new, used by a county road crew.",
    "Starts on the first turn and pulls well in every gear.",
    "Service book present with stamps every spring.",
    "New batteries last autumn and good tread on all tires.",
    "Small crack in the windshield on the passenger side.",
    "Heater and radio work, the clock does not.",
    "Sold by order of the lender, no keys to the toolbox.",
    "Grey cloth seats with wear on the driver side.",
    "Came off a farm lease and was kept under a roof.",
)
_OTHER: Final = {
    "farm tractor": "Runs and drives, three point hitch lifts evenly, loader not included.",
    "trailer": "Deck boards replaced two years ago, lights work, brakes adjusted in spring.",
    "generator": "Stood by for a clinic and was tested monthly under load.",
    "crockery": "From a staff canteen that closed, each cup with its saucer and spoon, a few chips.",
    "print": "Launch at dusk, behind glass, from a school hallway, frame has light scratches.",
}


def shade_of(colour: str, *, rng: random.Random) -> str:
    """Return words for a plain colour: `dark green` for `green`."""
    return rng.choice(_SHADES[colour])


def describe(kind: str, shade: str, mileage: int, *, rng: random.Random) -> str:
    """Return a lot's description paragraph."""
    if not kind.endswith(" truck"):
        return (
            f"{_OTHER[kind]} {_COLOUR[0].format(shade=shade)}"
            if kind in {"farm tractor", "trailer", "generator"}
            else _OTHER[kind]
        )
    sentences = rng.sample(_TRUCK, rng.randint(3, 6))
    sentences.insert(rng.randint(0, 2), rng.choice(_COLOUR).format(shade=shade))
    sentences.append(f"Odometer shows {mileage:,} miles.")
    return " ".join(sentences)


def count_words(text: str) -> int:
    """Return how many words a text has; a word is a maximal run of ASCII letters."""
    return len(re.findall(r"[A-Za-z]+", text))
