"""The agents a planner may name: their fingerprint, and those nearest to a name or a wish."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Final

from contracts.card import AgentCard
from contracts.jsonvalue import sha256_of

_WORD: Final = re.compile(r"[^\W_]{3,}")
_COMMON: Final = frozenset(
    {
        "the",
        "and",
        "for",
        "with",
        "from",
        "into",
        "that",
        "this",
        "what",
        "which",
        "when",
        "each",
        "all",
        "its",
    }
)


def catalogue_sha256(cards: Sequence[AgentCard]) -> str:
    """Return a fingerprint of everything the cards say, in hex; their order does not matter."""
    return sha256_of([card.as_json() for card in sorted(cards, key=lambda card: card.name)])


def near_names(name: str, cards: Sequence[AgentCard]) -> list[str]:
    """Return up to three names of agents that look like `name`, nearest first."""
    names = [card.name for card in cards]
    bare = {n.removeprefix("wasm:"): n for n in names}
    close = difflib.get_close_matches(name[:80].lower(), [*names, *bare], n=3, cutoff=0.55)
    return list(dict.fromkeys(bare.get(n, n) for n in close))


def nearest_agents(objective: str, cards: Sequence[AgentCard]) -> list[str]:
    """Return up to three names of agents whose cards share the most words with the objective, nearest first."""
    said = _words(objective)
    scores = {card.name: len(said & _words(" ".join((card.description, *card.words)))) for card in cards}
    return sorted((n for n, score in scores.items() if score), key=lambda n: (-scores[n], n))[:3]


def _words(text: str) -> set[str]:
    return {w.lower().rstrip("s") for w in _WORD.findall(text[:8000])} - _COMMON
