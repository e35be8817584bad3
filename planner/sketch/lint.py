"""Whether an objective gives any reason for an agent: a word its card lists, its name, or material that it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contracts.card import AgentCard
from planner.catalogue_terms import folded
from planner.chaining.concepts import concept, concepts
from planner.rules.draft import Draft
from planner.rules.hearing import hear
from planner.rules.known import Known
from planner.rules.request import Request, read_request
from planner.rules.text import Text


@dataclass(frozen=True, slots=True)
class Reasons:
    """What an objective gives reasons for."""

    agents: frozenset[str]
    """Agents it gives any reason for."""
    reckons: bool
    """Whether it surely asks for work on rows."""


def reasons_in(text: Text, known: Known) -> Reasons:
    """Return what an objective gives reasons for."""
    heard = hear(text, Draft({}, known.cards), known.profiles)
    called = {call.card.name for call in heard.calls}
    agents = called | {card.name for card in known.cards if _has_reason(card, text)}
    return Reasons(frozenset(agents), heard.request.wants_reckoning)


def _has_reason(card: AgentCard, text: Text) -> bool:
    """Say whether an objective gives any reason for an agent; a card that lists no words is never doubted."""
    request = read_request(text)
    material = _MATERIAL.get(card.name)
    if material is not None and material(request):
        return True
    if not card.words:
        return True
    said = {concept(word.text) for word in text.words}
    name = set(concepts(card.name.removeprefix("wasm:").replace("_", " ")))
    listed = {concept(folded(word)) for word in card.words if " " not in word}
    phrases = (folded(word) for word in card.words if " " in word)
    return bool(said & (name | listed)) or any(phrase in text.folded for phrase in phrases)


_MATERIAL: Final[dict[str, Callable[[Request], bool]]] = {
    "scrape": lambda request: bool(request.text.urls),
    "vision": lambda request: request.wants_photos,
    "time": lambda request: request.wants_clock,
    "data": lambda request: (
        request.wants_reckoning
        or request.wants_rows
        or bool(request.wants & {"ascending", "descending"} or request.text.csvs)
    ),
}
"""Beside a card's words: what each native agent works on."""
