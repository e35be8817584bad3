"""Plans that were checked before: who sends the same plan again is spared the wait.

What is kept of a plan follows from its text alone (and from the grants and the
secrets, which do not change in a process, and the cards: once they change,
everything is forgotten). It is bounded by count and by the size of the texts.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.jsontext import json_text
from contracts.jsonvalue import canonical_json
from contracts.plan import Plan
from egress.policy_for import hosts_in
from planner.checked import load_checked
from planner.checks.asked import Asked
from planner.validation import Checkers
from traces.redaction import Redactor

MOST: Final = 64
MOST_CHARS: Final = 2_000_000
LONG_CHARS: Final = 64 * 1024
"""A plan longer than this is checked off the loop, and not kept."""


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A checked plan, and what follows from it."""

    plan: Plan
    hosts: tuple[str, ...]
    """Those its author may reach by it; a plan names hosts only where a person wrote it."""
    shown: Plan
    """As it is kept: without secrets."""
    text: str
    """`shown` as JSON."""

    @classmethod
    def of(cls, plan: Plan, redactor: Redactor) -> Self:
        """Return what follows from a plan."""
        text = json_text(plan.as_json())
        hosts = hosts_in(text) if plan.origin.planner == "human" else ()
        if redactor.is_plain(text):
            return cls(plan, hosts, plan, text)
        shown = redactor.plan(plan)
        return cls(plan, hosts, shown, text if shown is plan else json_text(shown.as_json()))

    @property
    def is_redacted(self) -> bool:
        """Whether what is kept is not what was sent."""
        return self.shown is not self.plan


class KnownPlans:
    """Checks plans, each text once while it is remembered.

    Args:
        cards: Asked for the agents at hand; gives the same sequence while they are the same.
        redactor: Makes what is kept of a plan.
        asked: What every plan may reach and do; not judged when absent.
    """

    def __init__(
        self, cards: Callable[[], Sequence[AgentCard]], redactor: Redactor, *, asked: Asked | None = None
    ) -> None:
        self._ask = cards
        self._asked = asked
        self._cards: Sequence[AgentCard] = ()
        self._redactor = redactor
        self._found: OrderedDict[bytes, tuple[KnownPlan, int]] = OrderedDict()
        self._chars = 0
        self._checkers: Checkers = {}

    async def read(self, document: Mapping[str, JsonValue], *, canonical: str | None = None) -> KnownPlan:
        """Return the plan a document spells, checked against the agents at hand.

        Args:
            document: As it was sent.
            canonical: Its canonical JSON, where that is at hand.

        Raises:
            InvalidPlan: With every problem.
        """
        text = (canonical_json(dict(document)) if canonical is None else canonical).encode()
        self._forget_if_changed()
        name = sha256(text).digest()
        known = self._found.get(name)
        if known is not None:
            self._found.move_to_end(name)
            return known[0]
        if len(text) > LONG_CHARS:
            return await asyncio.to_thread(self._checked, document)
        made = self._checked(document)
        self._keep(name, made, len(text))
        return made

    def _forget_if_changed(self) -> None:
        cards = self._ask()
        if cards is not self._cards:
            self._cards, self._checkers, self._chars = cards, {}, 0
            self._found.clear()

    def _checked(self, document: Mapping[str, JsonValue]) -> KnownPlan:
        plan = load_checked(document, self._cards, checkers=self._checkers, asked=self._asked)
        return KnownPlan.of(plan, self._redactor)

    def _keep(self, name: bytes, known: KnownPlan, chars: int) -> None:
        self._found[name] = (known, chars)
        self._chars += chars
        while len(self._found) > MOST or self._chars > MOST_CHARS:
            _, (_, gone) = self._found.popitem(last=False)
            self._chars -= gone
