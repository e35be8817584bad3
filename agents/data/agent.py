"""The agent `data`: tables and steps in, rows out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from agents.data.values import Row
from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard, read_card

if TYPE_CHECKING:  # it opens no door, so nothing of the network need be loaded
    from agents.doors import Doors

CARD: Final = Path(__file__).parent / "card.json"
INLINE_ROWS: Final = 5_000
"""Tables of more rows are worked on in a thread."""


@dataclass(frozen=True, slots=True)
class DataAgent:
    """Works on the rows it is given; touches nothing else."""

    card: AgentCard

    async def run(self, call: AgentCall) -> AgentReply:
        """Make rows of a call's tables.

        Raises:
            InvalidInput: `data.bad_input`, `data.unknown_table`, `data.type`, `data.too_large`.
        """
        inputs = read_inputs(call.inputs)
        budget = Budget()
        if _size(inputs.tables) > INLINE_ROWS:
            try:
                rows = await asyncio.to_thread(run_steps, inputs.steps, inputs.tables, budget)
            finally:
                budget.stop.set()
        else:
            rows = run_steps(inputs.steps, inputs.tables, budget)
        return _reply(rows, budget)


def create(doors: Doors) -> DataAgent:
    """Return the agent, with the card beside this file; it opens no door."""
    del doors
    return DataAgent(read_card(json.loads(CARD.read_text(encoding="utf-8")), where="agents/data/card.json"))


def _reply(rows: list[Row], budget: Budget) -> AgentReply:
    return AgentReply(output={"rows": [*rows], "count": len(rows)}, usage={"cells": budget.work})


def _size(tables: dict[str, Any]) -> int:
    """Return how many elements the tables' lists have, as far as they show it."""
    lists = [v for v in tables.values() if isinstance(v, list)]
    for table in tables.values():
        rows = table if isinstance(table, list) else [table]
        lists += [
            v for row in rows[:1000] if isinstance(row, dict) for v in row.values() if isinstance(v, list)
        ]
    return sum(map(len, lists))
