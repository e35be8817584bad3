"""The agents a planner may name: their fingerprint, and those nearest to a name or a wish."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from contracts.card import AgentCard
from contracts.jsonvalue import sha256_of
from planner.catalogue_index import index_of

MOST: Final = 12
"""Cards a planner is shown of a large catalogue."""
MAX_NAME: Final = 80


def catalogue_sha256(cards: Sequence[AgentCard]) -> str:
    """Return a fingerprint of everything the cards say, in hex; their order does not matter."""
    return sha256_of([card.as_json() for card in sorted(cards, key=lambda card: card.name)])


def scores(objective: str, cards: Sequence[AgentCard]) -> list[tuple[AgentCard, float]]:
    """Return the cards that share words with an objective, best first, each with its score above 0.

    A score says which of these cards fits better; it means nothing beside that of another objective.
    """
    return index_of(cards).scores(objective)


def shortlist(objective: str, cards: Sequence[AgentCard], most: int = MOST) -> list[AgentCard]:
    """Return at most `most` cards: those that share words with the objective, best first, then others by name."""
    found = [card for card, _ in scores(objective, cards)[:most]]
    if len(found) < most:
        names = {card.name for card in found}
        rest = sorted((card for card in cards if card.name not in names), key=lambda card: card.name)
        found += rest[: most - len(found)]
    return found


def near_names(name: str, cards: Sequence[AgentCard]) -> list[str]:
    """Return up to three names of agents that look like `name`, nearest first."""
    names = [card.name for card in cards]
    bare = {n.removeprefix("wasm:"): n for n in names}
    close = difflib.get_close_matches(name[:MAX_NAME].lower(), [*names, *bare], n=3, cutoff=0.55)
    return list(dict.fromkeys(bare.get(n, n) for n in close))


def nearest_agents(objective: str, cards: Sequence[AgentCard]) -> list[str]:
    """Return up to three names of agents whose cards share the most with the objective, nearest first."""
    return [card.name for card, _ in scores(objective, cards)[:3]]
