"""The way to the planner, without the planner: its rules and prompts are imported for the first objective without a plan.

What was left unfinished has its plan already, and should not wait for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.engine import Planner
from contracts.plan import Plan
from contracts.replanning import Failed


class PlannerDoor:
    """A planner that is made when it is first asked for a plan.

    Args:
        make: Imports and makes it; called once, in a thread.
    """

    def __init__(self, make: Callable[[], Planner]) -> None:
        self._make = make
        self._making = asyncio.Lock()  # guards _planner while it is made
        self._planner: Planner | None = None

    async def plan(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> Plan:
        """Return a plan that passed every check; raises as the planner does."""
        planner = self._planner or await self._made()
        return await planner.plan(objective, inputs=inputs, cards=cards)

    async def replan(self, failed: Failed) -> Plan:
        """Return a plan that goes on after a failed step; raises as the planner does."""
        planner = self._planner or await self._made()
        return await planner.replan(failed)

    async def _made(self) -> Planner:
        async with self._making:
            if self._planner is None:
                self._planner = await asyncio.to_thread(self._make)
            return self._planner
