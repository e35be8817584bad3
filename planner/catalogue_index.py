"""Find cards by words: BM25 over what each card says of itself, forgiving of a letter too many, too few or swapped.

Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework",
with the fields of a card weighted as in BM25F.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log
from string import ascii_lowercase
from typing import Any, Final

from contracts.card import AgentCard
from planner.catalogue_terms import terms
from planner.per_cards import PerCards

K1: Final = 1.2
B: Final = 0.6
MAX_TERMS: Final = 32
"""Of an objective: those that tell cards apart best."""
MAX_PARAMETERS: Final = 200
NEAR: Final = 0.6
"""What a word that is only nearly a card's is worth beside one that is."""
PART: Final = 0.5
"""Likewise of a word that is part of a longer one."""
LEAST_NEAR: Final = 5
"""Letters of a word that may be misspelt."""
LEAST_PART: Final = 5
MOST_NEAR: Final = 4
FEW: Final = 100
"""Among more cards, a word that every fourth of them has tells none apart."""
KEPT: Final = 4

_Postings = list[tuple[int, float]]
"""Card by number, and what the term is worth there."""


class Index:
    """The words of some cards.

    Args:
        cards: Kept.
    """

    def __init__(self, cards: Sequence[AgentCard]) -> None:
        self.cards = tuple(sorted(cards, key=lambda card: card.name))
        self._given = tuple(cards)  # so that no other card takes the place of one of these
        counts = [_weighed(card) for card in self.cards]
        sizes = [sum(c.values()) for c in counts]
        mean = sum(sizes) / len(sizes) if sizes else 1.0
        found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (count, size) in enumerate(zip(counts, sizes, strict=True)):
            damp = K1 * (1 - B + B * size / (mean or 1.0))
            for term, weight in count.items():
                found[term].append((number, weight * (K1 + 1) / (weight + damp)))
        self._postings: dict[str, _Postings] = dict(found)

    def scores(self, text: str) -> list[tuple[AgentCard, float]]:
        """Return the cards that share words with a text, best first, each with its score above 0."""
        total: defaultdict[int, float] = defaultdict(float)
        for rarity, postings in self._chosen(text):
            for number, worth in postings:
                total[number] += rarity * worth
        ranked = sorted((-score, number) for number, score in total.items())
        return [(self.cards[number], -score) for score, number in ranked]

    def _chosen(self, text: str) -> list[tuple[float, _Postings]]:
        wanted: dict[str, float] = {}
        for said in dict.fromkeys(terms(text)):
            for term, share in self._meant(said):
                wanted[term] = max(wanted.get(term, 0.0), share)
        found = [(share * self._rarity(term), term) for term, share in wanted.items()]
        if len(self.cards) > FEW:
            found = [
                (rarity, term) for rarity, term in found if len(self._postings[term]) * 4 < len(self.cards)
            ]
        return [(rarity, self._postings[term]) for rarity, term in heapq.nlargest(MAX_TERMS, found)]

    def _rarity(self, term: str) -> float:
        holders = len(self._postings[term])
        return log(1 + (len(self.cards) - holders + 0.5) / (holders + 0.5))

    def _meant(self, said: str) -> Iterator[tuple[str, float]]:
        if said in self._postings:
            yield said, 1.0
            return
        near = self._near(said)
        yield from ((term, NEAR) for term in near)
        if not near:
            yield from ((term, PART) for term in self._parts(said))

    def _near(self, said: str) -> list[str]:
        if len(said) < LEAST_NEAR or said.isdigit():
            return []
        found = {term for term in _one_off(said) if term in self._postings}
        return sorted(found, key=lambda term: (abs(len(term) - len(said)), term))[:MOST_NEAR]

    def _parts(self, said: str) -> Iterator[str]:
        # `Preisliste` is a list and a price
        for cut in range(LEAST_PART - 1, len(said) - LEAST_PART + 2):
            for part in (said[:cut], said[cut:]):
                if len(part) >= LEAST_PART - 1 and part in self._postings:
                    yield part


def _one_off(term: str) -> Iterator[str]:
    """Yield what a word may have been with a letter less, more, other, or two letters swapped; the first one is right."""
    for at in range(1, len(term) + 1):
        head, tail = term[:at], term[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in ascii_lowercase)


def _weighed(card: AgentCard) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for weight, text in _fields(card):
        for term in terms(text):
            found[term] += weight
    return found


def _fields(card: AgentCard) -> Iterator[tuple[float, str]]:
    name = card.name.removeprefix("wasm:")
    yield 3.0, name
    if "_" in name:
        yield 3.0, name.replace("_", "")
    yield 3.0, " ".join(card.words)
    yield 1.0, card.description
    yield from ((1.5, str(example.get("objective", ""))) for example in card.examples)
    yield 1.0, " ".join(_names(card.takes))
    yield 0.5, " ".join(_names(card.gives))


def _names(schema: Mapping[str, Any]) -> Iterable[str]:
    found = schema.get("properties")
    return list(found)[:MAX_PARAMETERS] if isinstance(found, Mapping) else ()


_indexes: Final = PerCards(Index, most=KEPT)


def index_of(cards: Sequence[AgentCard]) -> Index:
    """Return the index of these very cards; made once while they are among the last that were asked for."""
    return _indexes.of(cards)
