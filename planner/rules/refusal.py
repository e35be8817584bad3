"""The refusal of an objective that nothing at hand serves: why, who comes nearest, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.catalogue import nearest_agents
from planner.rules.text import read_text


def unsupported(
    objective: str, cards: Sequence[AgentCard], why: str, *, deed: str | None = None
) -> InvalidInput:
    """Return the error that says an objective cannot be planned, naming the nearest agents.

    Args:
        objective: What was asked.
        cards: The agents at hand.
        why: What is wrong.
        deed: What was asked that surely nobody at hand does.
    """
    near = nearest_agents(objective, cards)
    names = [card.name for card in cards]
    hint = (
        f"Nearest agents: {', '.join(near)}."
        if near
        else f"Agents at hand: {', '.join(names[:20]) or 'none'}."
    )
    if "://" not in objective and "scrape" in names:
        bare = read_text(objective).bare_sites
        hint += (
            f" Write {bare[0][:100]!r} with its http:// or https://."
            if bare
            else " If it is about a page, name it by its http:// or https:// address."
        )
    data: dict[str, Any] = {"nearest": near} | ({} if deed is None else {"deed": deed})
    return InvalidInput("plan.unsupported_objective", f"{why}: {objective[:200]!r}", hint=hint, data=data)
