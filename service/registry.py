"""The agents at hand: cards at once, agents when they are first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from agents.doors import Doors
from contracts.agent import Agent
from contracts.card import AgentCard
from service.cards import find_card

GUEST_ENTRY: Final = "wasm_agents.agent:create"


class CardRegistry:
    """Makes agents from their cards.

    Args:
        cards: Every card, by name.
        doors: What native agents are given to reach the world.
        more: Agents that are made already; one whose name has a card takes its place.
    """

    def __init__(self, cards: Sequence[AgentCard], doors: Doors, *, more: Sequence[Agent] = ()) -> None:
        self._agents: dict[str, Agent] = {agent.card.name: agent for agent in more}
        self._cards = {card.name: card for card in (*cards, *(agent.card for agent in more))}
        self._doors = doors
        self._lock = threading.Lock()  # guards _agents

    def get(self, name: str) -> Agent:
        """Return the agent, made on first use.

        Raises:
            NotFound: `agent.unknown`.
            CallsheetError: The agent cannot be made: its module is missing or was changed.
        """
        card = self.card(name)
        with self._lock:
            if name not in self._agents:
                self._agents[name] = self._make(card)
            return self._agents[name]

    def card(self, name: str) -> AgentCard:
        """Return one card.

        Raises:
            NotFound: `agent.unknown`.
        """
        return find_card(tuple(self._cards.values()), name)

    def cards(self) -> tuple[AgentCard, ...]:
        """Return every card, by name."""
        return tuple(self._cards[name] for name in sorted(self._cards))

    def _make(self, card: AgentCard) -> Agent:
        module, _, attribute = (card.entry or GUEST_ENTRY).partition(":")
        create: Callable[..., Agent] = getattr(import_module(module), attribute)
        return create(self._doors) if card.entry else create(card)
