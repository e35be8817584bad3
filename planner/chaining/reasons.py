"""Whether what a text says is reason enough to call an agent that is known by its card."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from planner.catalogue_terms import COMMON
from planner.chaining.concepts import concept
from planner.chaining.found import LEAST, STRONG
from planner.chaining.literals import literal_for
from planner.chaining.outputs import PICTORIAL, TEXTUAL
from planner.chaining.profiles import VAGUE, Profile
from planner.chaining.said import MATERIAL, Said, forms_of
from planner.chaining.schemas import properties_of, types_of
from planner.rules.lexicon import STOPS
from planner.rules.text import MARKS, URL_MARK, Text

LEAST_WEAK: Final = 3
"""Words of a description that call for an agent when none of its listed words is said."""
LEAST_SHARE: Final = 0.5
"""Of an objective's own words, what they must be."""
MOST_SHARE: Final = 0.8
"""From here on two words are enough."""
LEAST_DEED_SHARE: Final = 0.3
CERTAIN: Final = 1.8
"""A value's strength from which on its form alone says what it is."""
FEW: Final = 6
_NUMERIC: Final = frozenset({"number", "integer"})
_HOW: Final = re.compile(r"\b(?:summ\w+|compar\w+|analy\w+) (?:how|by|per)\b")
"""What work on rows is worded as, too."""
_OF_PAGE: Final = re.compile(
    rf"\b(\w+)\s+(?:of|from|for|in|von|aus|de|du)\s+(?:the page |the article )?{URL_MARK}"
)
WHEN: Final = frozenset(
    map(
        concept,
        [
            "today",
            "tomorrow",
            "tonight",
            "weekend",
            "week",
            "day",
            "days",
            "now",
            "next",
            "coming",
            "hour",
            "hours",
            "morning",
            "evening",
            "current",
            "welche",
            "welcher",
            "welches",
            "liegt",
            "gibt",
            "hat",
        ],
    )
)
"""Words of a time, which say nothing of what is asked."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What of a text speaks for an agent, as stems."""

    strong: set[str]
    weak: set[str]
    deeds: Collection[str]


def reasons_in(profile: Profile, text: Text, said: Said) -> Reasons:
    """Return what of a text speaks for an agent."""
    strong = {s for s in profile.strong if s in said.places} | inside(profile, said)
    weak = {s for s in profile.weak if s in said.places}
    deeds = (profile.deeds - VAGUE) & said.places.keys()
    if said.is_of_rows or (text.urls and not deeds):
        strong -= _modifiers(profile, text)
    return Reasons(strong, weak, deeds)


def inside(profile: Profile, said: Said) -> set[str]:
    """Return the strong words that stand within a longer one: `Fahrgestellnummer` in `Fahrgestellnummern`."""
    return {w for w in said.places for s in profile.strong if len(s) >= 6 and s in w and len(w) > len(s)}


def _modifiers(profile: Profile, text: Text) -> set[str]:
    """Return the stems of words that only say of what kind a thing is: of "weather stations", weather."""
    found: set[str] = set()
    for word, after in pairwise(text.words):
        plain = after.clause == word.clause and after.text.isalpha() and after.text not in MARKS
        if (
            plain
            and after.text not in STOPS
            and after.text not in COMMON
            and concept(after.text) not in profile.weak
        ):
            found |= {concept(part) for part in forms_of(word.text)}
    return found


def is_meant(profile: Profile, text: Text, said: Said, found: Reasons) -> bool:
    """Say whether a text calls for an agent, by the words that speak for it and by what it is given."""
    others = found.weak - found.strong - VAGUE
    if said.is_of_rows and text.urls and not others and _HOW.search(text.folded):
        return False
    if found.strong:
        return _is_called(profile, text, said, found)
    if said.is_of_rows and not (found.deeds or _is_given(profile, text, said)):
        return False
    if _is_bidden(profile, text, said, found) or _is_described(profile, text, said, found):
        return True
    spelled = bool(found.weak) and _names_its_own(profile, text)
    led = bool(others) and _is_led(profile, text)
    return not text.urls and (spelled or led or _is_told(profile, text, said, others))


def _is_called(profile: Profile, text: Text, said: Said, found: Reasons) -> bool:
    """Say whether words that only this agent goes by are meant for it."""
    others = found.weak - found.strong - VAGUE
    if _is_of_page(profile, text, found):
        return True
    if found.strong & said.sought and not (others or found.deeds or found.strong - said.sought):
        return False
    if said.is_given and (found.deeds or found.strong - _modifiers(profile, text)):
        return True
    several = bool(others) or len(found.strong) > 1
    return bool(text.urls or text.images) or several or _is_fed(profile, text)


def _is_of_page(profile: Profile, text: Text, found: Reasons) -> bool:
    """Say whether what the agent gives, and is called by, is asked of a page: "keywords of https://..."."""
    named = found.strong & profile.gives
    said = {concept(m.group(1)) for m in _OF_PAGE.finditer(text.folded)} if named else set()
    return bool(named & said)


def _is_bidden(profile: Profile, text: Text, said: Said, found: Reasons) -> bool:
    """Say whether a clause begins with what the agent does, and all it must have is there or on the page."""
    # a deed nobody else does: "mail it to ..."; a card that only speaks of mail does not send any
    asked = said.bidden & (found.weak if profile.card.effect != "pure" else found.strong | set(found.deeds))
    mine = (said.leading & (set(found.deeds) | (found.weak & profile.own)) - VAGUE - MATERIAL) | asked
    others = found.weak - mine - VAGUE
    return (
        bool(mine)
        and bool(others or asked or len(text.words) < FEW)
        and _is_fed(profile, text, LEAST, pages=True)
    )


def _is_told(profile: Profile, text: Text, said: Said, others: set[str]) -> bool:
    """Say whether a word that no other card says stands beside values that are surely meant for the agent."""
    others = others - MATERIAL - WHEN
    mine = others & profile.own
    rest = {s for s in said.places if s not in said.names and s not in WHEN} | mine
    share = len(others) / max(len(rest), 1)
    if others and _is_fed(profile, text, CERTAIN):
        return True
    is_enough = share >= LEAST_SHARE if mine else share >= MOST_SHARE
    return bool(others & profile.rare) and is_enough and _is_fed(profile, text, LEAST)


def _is_described(profile: Profile, text: Text, said: Said, found: Reasons) -> bool:
    """Say whether enough of a text's words are those of an agent's description."""
    names = said.names - found.weak
    share = len(found.weak) / max(len(said.places) - len(names), 1)
    is_enough = len(found.weak) > 1 or bool(found.weak & profile.own)
    if share >= MOST_SHARE and is_enough and _is_fed(profile, text):
        return True
    if _is_given(profile, text, said):
        return True
    if len(found.weak) < LEAST_WEAK:
        return False
    return share >= LEAST_SHARE or (
        bool(found.deeds) and share >= LEAST_DEED_SHARE and _is_fed(profile, text, STRONG)
    )


def _is_given(profile: Profile, text: Text, said: Said) -> bool:
    """Say whether what is sought on a page is what the agent alone gives: "the e-mails on ..."."""
    return bool(text.urls and (said.sought & profile.gives & profile.own) - _modifiers(profile, text))


def _names_its_own(profile: Profile, text: Text) -> bool:
    """Say whether a value stands beside the name of a parameter that nobody else would call so: the address "..."."""
    properties = properties_of(profile.card.takes)
    required = [
        n
        for n in profile.card.takes.get("required", ())
        if n in properties and concept(n) not in VAGUE | MATERIAL
    ]
    found = [literal_for(n, properties[n], text, taken=set()) for n in required]
    named = [f is not None and f.literal is not None and f.is_named for f in found]
    return bool(named) and all(named)


def _is_led(profile: Profile, text: Text) -> bool:
    """Say whether small words lead to all that the agent must have: "from Berlin to Munich"."""
    properties = properties_of(profile.card.takes)
    required = [n for n in profile.card.takes.get("required", ()) if n in properties]
    found = [literal_for(n, properties[n], text, taken=set()) for n in required]
    return len(required) > 1 and all(
        f is not None and f.literal is None and f.strength > LEAST for f in found
    )


def _is_fed(profile: Profile, text: Text, least: float = 0.0, *, pages: bool = False) -> bool:
    """Say whether the text spells out what the agent must have, or, with `pages`, names where it stands."""
    properties = properties_of(profile.card.takes)
    required = [n for n in profile.card.takes.get("required", ()) if n in properties]
    if any(isinstance(v, dict) and {*required} <= v.keys() <= properties.keys() for v in text.values if v):
        return True
    if pages and text.urls:
        required = [n for n in required if not {*n.split("_")} & (TEXTUAL | PICTORIAL)]
    taken: set[int] = set()
    for name in required:
        found = literal_for(name, properties[name], text, taken=taken)
        if found is None or found.strength < min(
            least, 1.2 if types_of(properties[name]) <= _NUMERIC else least
        ):
            return False
        taken |= set() if found.literal is None else {found.literal}
    return True
