"""What a plan that a model wrote may reach and do: what the objective and the inputs name, nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.hosts import hosts_within
from planner.rules.text import read_text
from planner.validation import Asked

if TYPE_CHECKING:
    from pydantic import JsonValue

HARMLESS: Final = frozenset({Effect.PURE.value, Effect.IDEMPOTENT.value})
_WORD: Final = re.compile(r"[^\W_]+(?:[:_][^\W_]+)*")


def allowed(
    objective: str,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    *,
    capabilities: frozenset[str] | None = None,
) -> Asked:
    """Return what a model's plan is held to.

    Args:
        objective: What is asked.
        inputs: The caller's.
        cards: The agents at hand.
        capabilities: What the operator grants guests, as in `Asked`; None: unknown.
    """
    text = read_text(objective)
    return Asked(
        hosts=frozenset(hosts_within([objective, *text.urls, *text.images, dict(inputs)])),
        effects=HARMLESS,
        agents=frozenset(_called(objective, cards)),
        capabilities=capabilities,
        is_model=True,
    )


def _called(objective: str, cards: Sequence[AgentCard]) -> Iterator[str]:
    """Yield the agents the objective calls by name, or by a word their cards say calls for them."""
    said = {word.lower() for word in _WORD.findall(objective)}
    for card in cards:
        if not said.isdisjoint({card.name, card.name.removeprefix("wasm:"), *card.words}):
            yield card.name
