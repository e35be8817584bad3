"""A call of an agent that an objective asks for, before it is known what feeds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.card import AgentCard


@dataclass(frozen=True)
class Call:
    """An agent, where the text asks for it, and what is known of its arguments."""

    card: AgentCard
    start: int
    """Where in the text."""
    presets: Mapping[str, Any] = field(default_factory=dict)
    """Parameter -> literal."""
    role: Literal["any", "reads", "writes"] = "any"
    """Whether it turns text into rows, or rows into text, where it can do both."""
    must: tuple[str, ...] = ()
    """Parameters it must have for this, beside those its card requires."""
    fact: str = ""
    """Of a page, where it is such a fact that the call is about."""
    never_said: tuple[str, ...] = ()
    """Parameters that nothing in the text is meant for: what comes before gives them."""
    reach: tuple[int, int] = (0, 0)
    """The part of the text that asks for it."""
    stretch: tuple[int, int] = (0, 0)
    """The part of the text that is its own: what stands there is handed to it rather than to another."""
