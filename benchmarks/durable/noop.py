"""Agents that do nothing, one of them with an effect; and a registry of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.agent import Agent, AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import NotFound


class NoOp:
    """Returns at once.

    Args:
        name: In the registry.
        effect: As its card says; nothing outside is touched either way.
    """

    def __init__(self, name: str, effect: Effect = Effect.PURE) -> None:
        self.card = AgentCard(
            name=name, version="1.0.0", description="Does nothing.", takes={}, gives={}, effect=effect
        )

    async def run(self, call: AgentCall) -> AgentReply:
        """Return at once."""
        return AgentReply({"n": call.attempt})


NOOPS: Final[Sequence[Agent]] = (NoOp("noop"), NoOp("noop_effect", Effect.EFFECTFUL))


class Given:
    """A registry of the agents it is given.

    Args:
        agents: Those alone; our own that do nothing when absent.
    """

    def __init__(self, agents: Sequence[Agent] = NOOPS) -> None:
        self._agents: Mapping[str, Agent] = {agent.card.name: agent for agent in agents}

    def get(self, name: str) -> Agent:
        """Return an agent.

        Raises:
            NotFound: `agent.unknown`.
        """
        if name not in self._agents:
            raise NotFound("agent.unknown", f"no agent is called {name!r}")
        return self._agents[name]

    def cards(self) -> Sequence[AgentCard]:
        """Return their cards."""
        return [agent.card for agent in self._agents.values()]
