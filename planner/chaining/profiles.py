"""What calls for an agent, read once from its card: the words it lists, its name, and what it says it does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts.card import AgentCard
from planner.catalogue_terms import folded
from planner.chaining.concepts import concept, concepts
from planner.chaining.schemas import properties_of
from planner.rules.lexicon import Words

NATIVE: Final = frozenset({"scrape", "vision", "time", "data"})
_CONTRAST: Final = re.compile(
    r"\bunlike\b[^.]*?,\s+(?=(?:it|this|they)\b)|\bunlike\b[^.]*"
    r"|\b(?:no|nothing|never|not|without)\b[^.;:,]*|\bit \w+s nothing\b",
    re.IGNORECASE,
)
"""What a card says it does not do: "Unlike data, which sorts rows, it ..."."""
VAGUE: Final = frozenset(
    map(
        concept,
        Words(
            "read reads reader get fetch fetches find finds detect check checks text texts word words data value "
            "values number numbers file files list lists name names give gives make makes take takes say says tell "
            "tells show shows run runs use uses new all one two line lines item items time date page pages agent tool "
            "module input output result results json write writes turn turns work works look looks return returns "
            "code codes type kind form format ask asks today day size good best first last count order big small open"
        ).exact,
    )
)
"""Words of a name that say nothing of an agent alone."""
MAX_DESCRIBED: Final = 1200
MAX_TOLD: Final = 300
MAX_CHOICES: Final = 50


@dataclass(frozen=True)
class Profile:
    """The words that speak for one agent, as stems."""

    card: AgentCard
    strong: frozenset[str]
    """Of its listed words and its name; any of them calls for it."""
    phrases: tuple[str, ...]
    """Listed phrases of several words, folded."""
    deeds: frozenset[str]
    """Verbs its description and its examples begin with."""
    weak: frozenset[str]
    """Of its description, its examples, and the names of what it takes and gives."""
    gives: frozenset[str]
    """Names of what it gives."""
    own: frozenset[str] = frozenset()
    """Of all these, those that no other card says."""
    name: frozenset[str] = frozenset()
    """Of its name."""
    rare: frozenset[str] = frozenset()
    """Of all these, those that no recipe's agent says, or that are its name."""


def profiles_of(cards: Sequence[AgentCard]) -> tuple[Profile, ...]:
    """Return the profiles of the agents that no recipe knows."""
    natives = {concept(folded(w)) for card in cards if card.name in NATIVE for w in card.words}
    foreign = [card for card in cards if card.name not in NATIVE]
    shared = Counter(s for card in foreign for s in {concept(folded(w)) for w in card.words})
    crowded = frozenset(s for s, n in shared.items() if n > 1)
    found = [_profile(card, natives, crowded) for card in foreign]
    holders = Counter(s for p in found for s in p.weak)
    spoken = {s for card in cards if card.name in NATIVE for s in _spoken(card)} | VAGUE
    return tuple(
        replace(
            p, own=frozenset(s for s in p.weak if holders[s] == 1) - spoken, rare=(p.weak - spoken) | p.name
        )
        for p in found
    )


def _spoken(card: AgentCard) -> Iterator[str]:
    yield from concepts(" ".join((card.description, *card.words)))
    for name in (*properties_of(card.takes), *properties_of(card.gives)):
        yield from concepts(name)


def _profile(card: AgentCard, natives: set[str], crowded: frozenset[str]) -> Profile:
    name = card.name.removeprefix("wasm:").replace("_", " ")
    listed = {concept(folded(w)) for w in card.words if " " not in w}
    own = set(concepts(name))
    strong = (listed - natives) | (own - VAGUE - natives)
    described = _CONTRAST.sub(" ", card.description[:MAX_DESCRIBED])
    asked = " . ".join(str(e.get("objective", "")) for e in card.examples)
    given = {s for p in properties_of(card.gives) for s in concepts(p)}
    taken = {s for p in properties_of(card.takes) for s in concepts(p)}
    told = {s for line in (*_told(card.takes), *_told(card.gives)) for s in concepts(line)}
    weak = {*concepts(described), *concepts(asked), *given, *taken, *told, *own, *listed}
    return Profile(
        card,
        frozenset(strong),
        tuple(folded(w) for w in card.words if " " in w),
        frozenset(_deeds(described, asked)),
        frozenset(weak - crowded) | frozenset(strong),
        frozenset(given),
        name=frozenset(own - VAGUE),
    )


def _told(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a schema says of its parts in words: descriptions and choices."""
    for part in properties_of(schema).values():
        if isinstance(part, Mapping):
            yield str(part.get("description", ""))[:MAX_TOLD]
            choices = part.get("enum")
            yield " ".join(map(str, choices[:MAX_CHOICES])) if isinstance(choices, list) else ""


def _deeds(described: str, asked: str) -> set[str]:
    """Return the stems of the words that sentences begin with: what an agent does is said first."""
    found: set[str] = set()
    for sentence in re.split(r"[.;]\s+|\s\.\s", f"{described} . {asked}"):
        words = re.findall(r"[^\W\d_]+", sentence.lower())[:1]
        found |= {concept(folded(w)) for w in words}
    return found - {concept(w) for w in ("the", "a", "one", "what", "which", "how", "this")}
