"""One call waiting for its turn: which element of which subtask, by which agent, the how-manieth attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from contracts.agent import Agent
from contracts.effect import Effect
from contracts.journal import Entry, Signal, Wait
from contracts.plan import Subtask
from dispatcher.attempt import Attempt, Outcome
from dispatcher.inputs import Element
from dispatcher.purse import Amounts, used_of
from dispatcher.reply import usage_of
from egress.meter import TOLD, Meter

if TYPE_CHECKING:
    from dispatcher.course import Course

Rank = tuple[int, int, int, int, int]

_STRENGTH = {Effect.PURE: 0, Effect.IDEMPOTENT: 1, Effect.EFFECTFUL: 2}


@dataclass(slots=True, eq=False)
class Work:
    """One element of a subtask on its way to its end."""

    course: Course
    subtask: Subtask
    agent: Agent
    element: Element
    effect: Effect
    is_fallback: bool = False
    attempt: int = 0
    """The last that was made; they count on over restarts."""
    tries: int = 0
    """Attempts made by the agent whose turn it is."""
    purpose: Literal["run", "reconcile"] = "run"
    ready_at: float = 0
    """The loop's seconds."""
    queued_ms: float = 0
    started_ms: int = 0
    """Of the attempt under way, Unix milliseconds."""
    needs_event: int = 0
    """The event that must be durable before a step with an effect may start."""
    reserved: Amounts = field(default_factory=dict)
    signals: Mapping[str, JsonValue] = field(default_factory=dict)
    taken: tuple[Signal, ...] = ()
    """The signals it is given."""
    ended_wait: Wait | None = None
    """What it waited for, until this attempt's end is kept."""
    is_due: bool = False
    meter: Meter | None = None
    spent: Amounts = field(default_factory=dict)
    """What the attempt used of which has to be found out what it came to."""
    is_uncertain: bool = False
    """An attempt at its effect was made of which nobody knows yet what it came to."""
    intent_key: str = ""
    """Of the effect whose intent is committed."""
    running: Attempt | None = None
    holds_place: bool = False
    """Its attempt is over, and its place is taken until that is durable."""

    @property
    def name(self) -> tuple[str, int | None]:
        """Which element of which subtask it is."""
        return self.subtask.id, self.element.index

    def consume(self, entry: Entry) -> None:
        """Say in an entry that what this element waited for is over and used up."""
        if self.ended_wait is not None:
            entry.ended_waits.append(self.ended_wait)
            entry.taken.extend(self.taken)
            self.ended_wait, self.taken = None, ()

    def used(self, outcome: Outcome) -> dict[str, JsonValue]:
        """Return what an attempt used of its allowance."""
        usage: dict[str, JsonValue] = {}
        if outcome.reply is not None:
            usage.update(outcome.reply.usage)
        elif outcome.error is not None:
            usage.update(usage_of(outcome.error))
        return self.metered(usage)

    def metered(self, usage: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return what an attempt says it used, with what was counted of it."""
        found = dict(usage)
        for name, used in (self.meter.used() if self.meter is not None else {}).items():
            told = used_of(usage).get(name, 0) if name in TOLD else 0
            found[name] = max(used, told)
        return found

    def rank(self) -> Rank:
        """Return its place in the queue: the run's turn, the longest remaining path, the plan's order."""
        graph = self.course.graph
        sid = self.subtask.id
        index = self.element.index
        place = -1 if index is None else index
        return self.course.turn, self.course.number, -graph.length[sid], graph.place[sid], place


def effect_of(subtask: Subtask, agent: Agent) -> Effect:
    """Return the stronger of what the agent's card and the plan say."""
    own = agent.card.effect
    asked = subtask.effect
    return own if asked is None or _STRENGTH[own] >= _STRENGTH[asked] else asked
