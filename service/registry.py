"""The agents at hand: cards at once, agents when they are first asked for.

Added agents may come, go and change while this process runs: the shelf they lie
on is looked at whenever somebody asks. Who has an agent in hand by then goes on
with that one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from agents.doors import Doors
from contracts.agent import Agent
from contracts.card import AgentCard
from service.cards import find_card, load_catalogue
from wasm_agents.shelf import Shelf, Stamp

GUEST_ENTRY: Final = "wasm_agents.agent:create"

_log = logging.getLogger("service.registry")


class _Seen(NamedTuple):
    stamp: Stamp
    cards: tuple[AgentCard, ...]
    """By name."""
    by_name: Mapping[str, AgentCard]


class CardRegistry:
    """Makes agents from their cards.

    Args:
        cards: Every card that needs no adding.
        doors: What native agents are given to reach the world.
        more: Agents that are made already; one whose name has a card takes its place.
        shelf: Of added agents.
        around: Makes what guests are given; called for the first one.
    """

    def __init__(
        self,
        cards: Sequence[AgentCard],
        doors: Doors,
        *,
        more: Sequence[Agent] = (),
        shelf: Shelf | None = None,
        around: Callable[[], Any] | None = None,
    ) -> None:
        self._own = {card.name: card for card in (*cards, *(agent.card for agent in more))}
        self._doors = doors
        self._shelf = shelf
        self._around = cache(around) if around is not None else lambda: None
        self._lock = threading.Lock()  # guards _agents and _seen
        self._agents: dict[str, tuple[AgentCard, Agent]] = {a.card.name: (a.card, a) for a in more}
        self._seen = self._read()

    def get(self, name: str) -> Agent:
        """Return the agent, made on first use, and anew once its card is another.

        Raises:
            NotFound: `agent.unknown`.
            CallsheetError: The agent cannot be made: its module is missing or was changed.
        """
        card = self.card(name)
        with self._lock:
            made = self._agents.get(name)
            if made is None or (made[0] is not card and made[0] != card):
                made = self._agents[name] = (card, self._make(card))
            return made[1]

    def card(self, name: str) -> AgentCard:
        """Return one card.

        Raises:
            NotFound: `agent.unknown`.
        """
        seen = self._look()
        return seen.by_name.get(name) or find_card(seen.cards, name)

    def cards(self) -> tuple[AgentCard, ...]:
        """Return every card, by name; the same tuple as long as nothing has changed."""
        return self._look().cards

    def _look(self) -> _Seen:
        if self._shelf is None or self._shelf.stamp() == self._seen.stamp:
            return self._seen
        with self._lock:
            if self._shelf.stamp() != self._seen.stamp:
                self._seen = self._read()
                gone = self._agents.keys() - self._seen.by_name.keys()
                for name in gone:
                    del self._agents[name]
            return self._seen

    def _read(self) -> _Seen:
        own = tuple(self._own[name] for name in sorted(self._own))
        if self._shelf is None:
            return _Seen(None, own, self._own)
        stamp = self._shelf.stamp()  # before reading: a change meanwhile is seen the next time
        cards, broken = load_catalogue(self._shelf, own)
        for name, error in broken:
            _log.warning("the added agent %s is left out: %s: %s", name, error.code, error.message)
        return _Seen(stamp, cards, {card.name: card for card in cards})

    def _make(self, card: AgentCard) -> Agent:
        module, _, attribute = (card.entry or GUEST_ENTRY).partition(":")
        create: Callable[..., Agent] = getattr(import_module(module), attribute)
        return create(self._doors) if card.entry else create(card, self._around())
