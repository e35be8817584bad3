"""Agents as tools a model may call: a name every API of this kind takes, and the card's own schema.

Names are unique and lead back to the agent: `wasm:echo` is the tool `wasm_echo`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import InvalidInput, NotFound
from contracts.jsonvalue import canonical_json
from providers.chat import Tool

MAX_NAME: Final = 64
"""As tools' names are read."""
MAX_SCHEMA: Final = 4000
"""Characters of an agent's schema; one with more is offered only to who names it."""


class Tools:
    """The agents that may be called from a conversation.

    Args:
        cards: Every agent at hand, by name.
        effectful: Names of agents with an effect that may be called all the same.
    """

    def __init__(self, cards: Sequence[AgentCard], *, effectful: Iterable[str] = ()) -> None:
        allowed = frozenset(effectful)
        names = tool_names(cards)
        self._cards = {
            names[card.name]: card
            for card in cards
            if card.effect is not Effect.EFFECTFUL or card.name in allowed
        }
        self._withheld = {names[card.name] for card in cards} - self._cards.keys()

    def names(self) -> dict[str, str]:
        """Return tool -> its agent."""
        return {name: card.name for name, card in self._cards.items()}

    def card(self, name: str) -> AgentCard:
        """Return a tool's agent; the agent's own name leads to it too.

        Raises:
            NotFound: `tool.unknown`.
        """
        found = self._cards.get(name) or next((c for c in self._cards.values() if c.name == name), None)
        if found is None:
            why = (
                "has an effect, and the operator does not offer it to models"
                if name in self._withheld
                else "is no tool here"
            )
            raise NotFound("tool.unknown", f"{name[:80]!r} {why}", hint="GET /v1/tools lists the tools.")
        return found

    def all(self) -> tuple[Tool, ...]:
        """Return every tool."""
        return tuple(_tool(name, card) for name, card in self._cards.items())

    def offered(self, wanted: Sequence[str], *, forced: str = "") -> tuple[Tool, ...]:
        """Return the tools a model is offered: those that are wanted, or every one whose schema is not long.

        Args:
            wanted: By name; empty: whichever are fit.
            forced: One that is among them in any case.

        Raises:
            InvalidInput: `tool.not_ours`, a name that is no agent's.
        """
        strange = [name for name in wanted if name not in self._cards]
        if strange:
            raise InvalidInput(
                "tool.not_ours",
                f"{strange[0][:80]!r} is no agent of this service",
                where="/tools",
                hint="Name agents of GET /v1/tools here; send tools of your own to the model without '+agents'.",
            )
        chosen = wanted or [n for n, card in self._cards.items() if n == forced or _is_short(card)]
        return tuple(_tool(name, self._cards[name]) for name in chosen)


def tool_names(cards: Sequence[AgentCard]) -> dict[str, str]:
    """Return agent -> its tool's name: at most 64 of `a-z`, `0-9`, `_` and `-`, no two alike."""
    plain = {card.name for card in cards}
    return {card.name: _tool_name(card.name, plain) for card in cards}


def _tool_name(agent: str, plain: set[str]) -> str:
    name = agent.replace(":", "_")
    if name != agent and name in plain:
        name = agent.replace(":", "-")  # no agent's name has a hyphen, so this one is nobody's
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 9]}-{sha256(agent.encode()).hexdigest()[:8]}"
    return name


def _tool(name: str, card: AgentCard) -> Tool:
    return Tool(name, card.description, parameters_of(card))


def parameters_of(card: AgentCard) -> dict[str, Any]:
    """Return what an agent takes, as a tool's parameters: its schema, with the `properties` some servers ask for."""
    return {"type": "object", "properties": {}, **card.takes}


def _is_short(card: AgentCard) -> bool:
    return len(canonical_json(dict(card.takes))) <= MAX_SCHEMA
