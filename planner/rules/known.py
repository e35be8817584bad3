"""What the rules make of a catalogue once: profiles, a speller, its fingerprint, its compiled schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.card import AgentCard
from planner.catalogue import catalogue_sha256
from planner.catalogue_terms import COMMON
from planner.chaining.profiles import Profile, profiles_of
from planner.chaining.schemas import properties_of
from planner.per_cards import PerCards
from planner.rules import (
    amounts,
    asks,
    beside_cards,
    deed_words,
    deeds,
    fact_names,
    fields,
    image_rows,
    injections,
    lexicon,
    number_lists,
    orderings,
    phrases,
    pictured,
    rates,
    repeats,
    row_columns,
    row_facts,
    row_moments,
    sense_echo,
    sense_lines,
    sense_table,
    sense_template,
    senses,
    stated,
    unit_bounds,
    units,
)
from planner.rules.lexicon import Words
from planner.rules.spelling import Speller, fold

KEPT: Final = 4
PHRASED: Final = (
    amounts,
    asks,
    beside_cards,
    deed_words,
    deeds,
    fact_names,
    fields,
    image_rows,
    injections,
    number_lists,
    orderings,
    phrases,
    pictured,
    rates,
    repeats,
    row_columns,
    row_facts,
    row_moments,
    sense_echo,
    sense_lines,
    sense_table,
    sense_template,
    senses,
    stated,
    unit_bounds,
    units,
)
"""Modules whose patterns hold words that are no slips."""
SPELLED: Final = Words(
    "describe description compare separately within between average median template mustache schema validate "
    "against convert kilometres kilometers kilometre miles pounds celsius fahrenheit litres liters gallons "
    "inches metres meters grams ounces words sentences letters characters count auction auctions listing "
    "listings closing tomorrow today tonight seconds minutes hours remaining photos pictures blurry blurred "
    "sharp colour colours colors tractor tractors truck trucks price prices cheapest expensive highest lowest "
    "message module scrape fetch title titles headline headlines first group grouped sorted descending "
    "ascending duplicates duplicate deadline deadlines supplied attached through return result results "
    "vergleiche sortiere suche finde zeige worter satze umrechnen vorlage fotos bilder traktoren angebote "
    "auktionen preis preise busca encuentra compara palabras plantilla precio precios subasta trouve annonces "
    "combien rows column columns"
).exact
"""Words beside the lexicon's that slips are mended to."""


@dataclass
class Known:
    """A catalogue, read."""

    cards: tuple[AgentCard, ...]
    profiles: tuple[Profile, ...]
    speller: Speller
    sha256: str


def _read(cards: Sequence[AgentCard]) -> Known:
    speller = Speller(_vocabulary(cards), others=_others(cards))
    return Known(tuple(cards), profiles_of(cards), speller, catalogue_sha256(cards))


_known: Final = PerCards(_read, most=KEPT)


def known_of(cards: Sequence[AgentCard]) -> Known:
    """Return what is known of these very cards; read once while they are among the last that were asked for."""
    return _known.of(cards)


def _others(cards: Sequence[AgentCard]) -> Iterator[str]:
    """Yield words that are no slips, though they may look like one: those of our phrases, and of what cards say."""
    yield from COMMON
    for module in PHRASED:
        for found in _patterns(vars(module).values()):
            yield from re.findall(r"[a-z]{5,}", found.pattern)
    for listed in (deed_words.DEEDS, lexicon.PAGE_PARTS):
        yield from listed.exact
    for card in cards:
        yield from re.findall(r"[a-z]{5,}", fold(card.description))
        yield from (fold(str(name)) for name in (*properties_of(card.takes), *properties_of(card.gives)))


def _patterns(values: Iterable[object]) -> Iterator[re.Pattern[str]]:
    for value in values:
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, dict):
            yield from _patterns(value.values())


def _vocabulary(cards: Sequence[AgentCard]) -> Iterator[str]:
    yield from SPELLED
    for listed in vars(lexicon).values():
        if isinstance(listed, Words):
            yield from listed.exact
    for words in (*lexicon.STATISTICS.values(), *lexicon.COLUMNS.values()):
        yield from words.exact
    yield from lexicon.UNITS_TIME
    for card in cards:
        yield from (fold(w) for w in card.words if w.isalpha())
        yield from (part for part in card.name.removeprefix("wasm:").split("_"))
