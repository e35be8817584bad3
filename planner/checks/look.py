"""A plan being looked at: its subtasks, who writes what, and the cards it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from contracts.card import AgentCard
from planner.checks.fits import Fits
from planner.checks.known import Checkers, Known, KnownCard
from planner.checks.schema_walk import Steps

MOST_STEPS: Final = 400_000
"""Parts of schemas looked at for one plan; what is left over then is taken to fit."""
AGENT_FIELDS: Final = ("required_agent", "fallback_agent")
"""Whoever stands in for an agent is given the same arguments, under the same `effect`."""


class Look:
    """A plan document whose shape is right, and the cards at hand.

    Args:
        document: Of the right shape; nothing else is known of it.
        known: The cards.
        checkers: Filled with what is compiled of the cards.
    """

    def __init__(self, document: Mapping[str, Any], known: Known, checkers: Checkers) -> None:
        self.document = document
        self.known = known
        self.checkers = checkers
        self.subtasks: list[dict[str, Any]] = document["subtasks"]
        self.inputs: Mapping[str, Any] = document.get("inputs", {})
        self.fits = Fits(Steps(MOST_STEPS))

    @cached_property
    def writers(self) -> dict[str, dict[str, Any]]:
        """Key -> the subtask that writes it."""
        return {s["output_key"]: s for s in self.subtasks}

    def arguments(
        self, subtask: Mapping[str, Any]
    ) -> Iterator[tuple[str, Mapping[str, Any], tuple[str | int, ...]]]:
        """Yield each parameter a subtask's agent is given, with its source and where that stands."""
        known = self.known.by_name.get(subtask["required_agent"]) if "when" in subtask else None
        return arguments_of(subtask, None if known is None else known.card)

    def agents(self, subtask: Mapping[str, Any]) -> Iterator[KnownCard]:
        """Yield the cards of the agents a subtask may be done by, those that exist."""
        for field in AGENT_FIELDS:
            card = self.known.by_name.get(subtask.get(field, ""))
            if card is not None:
                yield card


def arguments_of(
    subtask: Mapping[str, Any], card: AgentCard | None = None
) -> Iterator[tuple[str, Mapping[str, Any], tuple[str | int, ...]]]:
    """Yield each parameter with its source and where that stands; an input key that no bind reads is one of its own.

    Args:
        subtask: Of a plan.
        card: Of its agent, which is not given a key that only the subtask's condition reads and it does not take.
    """
    read: set[str] = set()
    if card is not None and "when" in subtask:
        tested = subtask["when"]["key"]
        if subtask.get("foreach", {}).get("key") != tested and not card.may_take(tested):
            read.add(tested)
    for name, source in subtask.get("bind", {}).items():
        if "key" in source:
            read.add(source["key"])
        yield name, source, ("bind", name)
    for number, key in enumerate(subtask["input_keys"]):
        if key not in read:
            yield key, {"key": key}, ("input_keys", number)
