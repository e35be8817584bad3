"""What is reckoned of a set of cards once, for every plan that is checked against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeVar

from contracts.card import AgentCard
from contracts.schemas import Checker
from planner.checks.schema_walk import ANY_INDEX, ANYTHING, Place, Steps, listed, named, walk
from planner.per_cards import PerCards

Checkers = dict[tuple[str, str], Checker]
"""What was compiled of the cards: (agent, parameter, or nothing for all of them) -> its schema."""
SIMPLE: Final = frozenset(
    {"$defs", "definitions", "$schema", "$id", "title", "description", "type", "properties", "required"}
    | {"additionalProperties", "default", "examples"}
)
"""Words of a schema that hold no two parameters against each other."""
KEPT: Final = 4
MOST_KEPT: Final = 20_000
MOST_TOKENS: Final = 24

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")


class KnownCard:
    """One agent's card, and what follows from it."""

    def __init__(self, card: AgentCard) -> None:
        self.card = card
        self.takes: Mapping[str, Any] = card.takes
        self.properties = named(card.takes.get("properties"))
        self.is_closed = (
            card.takes.get("additionalProperties", True) is False and "patternProperties" not in card.takes
        )
        required = card.takes.get("required", ())
        self.required = (
            tuple(n for n in required if isinstance(n, str)) if isinstance(required, list | tuple) else ()
        )
        self.is_simple = SIMPLE.issuperset(card.takes)
        self.is_by_names = all(map(_names_only, card.takes.items()))
        """Whether what it takes together follows from the names that are given, whatever their values."""
        self.is_plain = frozenset(n for n, part in self.properties.items() if part is True or part == {})
        self.output = Place(card.gives, card.gives)
        many = {"type": "array", "items": card.gives}
        self.outputs = Place(many, card.gives)
        self._wanted: dict[str, Place] = {}
        self._walked: dict[tuple[str, ...], Place | None] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that stands anywhere in what it takes or gives, also within the values it lists."""
        found: set[str] = set()
        waiting: list[Any] = [self.card.takes, self.card.gives]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Mapping):
                found.update(part)
                waiting += part.values()
            elif isinstance(part, list | tuple):
                waiting += part
        return frozenset(found)

    def usual(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """Return a pointer's tokens, with one stand-in for all names that the card does not say, and one for numbers."""
        names = self.names
        return tuple(t if t in names or t == ANY_INDEX else "0" if t.isdigit() else "*" for t in tokens)

    def wanted(self, name: str, steps: Steps) -> Place | None:
        """Return what a parameter, `tables`, or a part of one, `tables.lots`, is to be; None: it has no such part."""
        if name in self.properties and "." not in name:
            return Place(self.properties[name], self.takes)
        found = self._wanted.get(name)
        if found is None:
            found = self._walk(Place(self.takes, self.takes), "takes", name.split("."), steps)
            if found is not None and steps.left > 0:
                keep(self._wanted, name, found)
        return found

    def given(self, tokens: Sequence[str], steps: Steps, *, many: bool) -> Place | None:
        """Return what stands at a pointer into its output (of a foreach: the list of them); None: nothing can."""
        return self._walk(self.outputs if many else self.output, "many" if many else "gives", tokens, steps)

    def _walk(self, start: Place, side: str, tokens: Sequence[str], steps: Steps) -> Place | None:
        if len(tokens) > MOST_TOKENS:
            return ANYTHING
        key = (side, *self.usual(tokens))
        if key in self._walked:
            return self._walked[key]
        found = walk(start, key[1:], steps)
        if steps.left > 0:
            keep(self._walked, key, found)
        return found


def _names_only(said: tuple[str, Any]) -> bool:
    word, branches = said
    return word in SIMPLE or (
        word in {"oneOf", "anyOf"}
        and all(isinstance(b, Mapping) and b.keys() == {"required"} for b in listed(branches))
    )


def keep(kept: dict[_Key, _Found], key: _Key, found: _Found) -> None:
    """Keep what was found out; all is forgotten once it is too much."""
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = found


class Known:
    """The cards at hand by name, and what was found out about them so far.

    Args:
        cards: Kept.
    """

    def __init__(self, cards: Sequence[AgentCard]) -> None:
        self.cards = tuple(cards)
        self.checkers: Checkers = {}
        self.by_name = {card.name: KnownCard(card) for card in self.cards}
        self.fits: dict[tuple[object, ...], str | None] = {}
        """What was held against what, and why it does not fit."""


_known: Final = PerCards(Known, most=KEPT)


def known_cards(cards: Sequence[AgentCard]) -> Known:
    """Return what is known of these very cards; kept for the last few sets that were asked about."""
    return _known.of(cards)
