"""Agents' names as other catalogues spell them, and the names they have in a plan: the way there and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from contracts.card import AGENT_NAME, AgentCard

LONGEST: Final = 63
_OURS: Final = re.compile(AGENT_NAME)
_OTHER: Final = re.compile(r"[^a-z0-9]+")


class Names:
    """The agents at hand by the names they were given.

    Args:
        agents: Each once; a name that a plan cannot carry gets one it can, `Text-to-Speech` `text_to_speech`.
    """

    def __init__(self, agents: Iterable[str]) -> None:
        self._by_foreign: dict[str, str] = {}
        given = list(dict.fromkeys(agents))
        taken = {name for name in given if _OURS.match(name)}
        for name in given:
            own = name if name in taken else _free(slug(name), taken)
            taken.add(own)
            self._by_foreign[name] = own

    def own(self, foreign: str) -> str | None:
        """Return the plan's name of an agent, None for one that is not at hand; letter by letter, no guess."""
        return self._by_foreign.get(foreign)

    def foreign(self) -> dict[str, str]:
        """Return the way back: the plan's name -> the given one, for those that differ."""
        return {own: foreign for foreign, own in self._by_foreign.items() if own != foreign}

    def all(self) -> list[str]:
        """Return the given names, in order."""
        return list(self._by_foreign)

    def owned(self) -> list[str]:
        """Return the plan's names, in order."""
        return list(self._by_foreign.values())


def slug(name: str) -> str:
    """Return a name that a plan can carry."""
    found = _OTHER.sub("_", name.lower()).strip("_")
    return (found if found[:1].isalpha() else f"agent_{found}".rstrip("_"))[:LONGEST]


def stand_in_cards(agents: Sequence[str]) -> tuple[AgentCard, ...]:
    """Return cards for agents of which only the names are known: they take and give anything.

    For checking a plan's graph where its agents cannot be run anyway.
    """
    anything = {"type": "object"}
    return tuple(AgentCard(name, "0.0.0", f"Known by name: {name}.", anything, {}) for name in agents)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(f for k in range(2, len(taken) + 3) if (f := f"{name[: LONGEST - 5]}_{k}") not in taken)
