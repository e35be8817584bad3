"""What the journal tells of each element of a run that is taken up again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.journal import Intent, Opened, Past, Wait
from contracts.trace import TraceStatus

FALLBACKS_TURN = 0
"""As `next_ms`: the agent named as fallback makes the next attempt, at once."""

Name = tuple[str, int | None]


@dataclass(slots=True)
class Trail:
    """One element's attempts so far."""

    attempt: int = 0
    tries: int = 0
    """By the agent whose turn it is."""
    is_fallback: bool = False
    next_ms: int | None = None
    final: TraceStatus | None = None
    trace_id: str = ""
    intent: Intent | None = None
    """An effect that was meant to happen and of which nothing is known."""
    wait: Wait | None = None


@dataclass(slots=True)
class History:
    """A run's life before this process took it up."""

    trails: dict[Name, Trail] = field(default_factory=dict)
    ended: dict[str, TraceStatus] = field(default_factory=dict)
    approvals: dict[str, Wait] = field(default_factory=dict)
    """What waits for a person: subtask (empty: the plan) -> since when."""

    @classmethod
    def of(cls, opened: Opened) -> History:
        """Return what an opened journal tells."""
        found = cls()
        found._follow(opened.past)
        for wait in opened.waits:
            if wait.kind == "approval":
                found.approvals[wait.subtask_id] = wait
            else:
                found.trail((wait.subtask_id, wait.item_index)).wait = wait
        for intent in opened.intents:
            found._note_intent(intent)
        return found

    def trail(self, name: Name) -> Trail:
        """Return one element's attempts; an empty trail where there is none yet."""
        return self.trails.setdefault(name, Trail())

    def settle(self, name: Name) -> None:
        """Note that what became of an element's effect is told."""
        if self.trails and name in self.trails:
            self.trails[name].intent = None

    def _note_intent(self, intent: Intent) -> None:
        trail = self.trail((intent.subtask_id, intent.item_index))
        if trail.wait is not None:
            # It parked instead of taking effect; the intent of the next attempt ends the wait.
            trail.attempt = max(trail.attempt, intent.attempt)
        elif trail.attempt < intent.attempt and (
            trail.intent is None or trail.intent.attempt < intent.attempt
        ):
            trail.intent = intent

    def _follow(self, past: Iterable[Past]) -> None:
        for attempt in (p for p in past if p.subtask_id):
            if attempt.ended is not None:
                self.ended[attempt.subtask_id] = attempt.ended
            if attempt.attempt == 0 and attempt.item_index is None:
                continue  # an element with attempt 0 was taken over from the parent run
            trail = self.trail((attempt.subtask_id, attempt.item_index))
            trail.attempt = max(trail.attempt, attempt.attempt)
            trail.tries += attempt.status is not TraceStatus.CANCELLED
            trail.next_ms = attempt.next_ms
            if attempt.next_ms == FALLBACKS_TURN:
                trail.is_fallback, trail.tries = True, 0
            trail.final = attempt.status if attempt.next_ms is None else None
            trail.trace_id = attempt.trace_id
