"""What waits for a person: the whole plan, a subtask, an effect; and what the person decided.

A decision names the plan it is about, and counts for that plan alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from contracts.effect import Effect
from contracts.errors import AttemptFailed
from contracts.journal import Entry, Opened, Signal, Wait
from contracts.plan import Subtask
from contracts.run import RunState
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.reply import record_of
from dispatcher.work import effect_of

if TYPE_CHECKING:
    from dispatcher.course import Course

WHOLE_PLAN: Final = ""


class Approvals:
    """The approvals of one run.

    Args:
        course: Whose they are.
        opened: As the journal gave it.
    """

    def __init__(self, course: Course, opened: Opened) -> None:
        self._course = course
        self._approved = set(opened.approved)
        self.waiting: dict[str, Wait] = dict(course.history.approvals)
        """Subtask (empty: the plan) -> since when it waits."""

    def approve_plan_or_start(self) -> None:
        """Start a run, or wait for its plan to be approved."""
        if self._course.run.approval == "plan" and WHOLE_PLAN not in self._approved:
            self._await_approval(WHOLE_PLAN)
        else:
            self._course.start()

    def holds_back(self, subtask: Subtask) -> bool:
        """Say whether a subtask waits for a person; from then on it does."""
        if subtask.approval == "never" or subtask.id in self._approved or not self._is_asked(subtask):
            return False
        self._await_approval(subtask.id)
        return True

    def decide(self, signal: Signal) -> None:
        """Take somebody's decision; one about another plan, or that nothing waits for, changes nothing."""
        payload = signal.payload if isinstance(signal.payload, dict) else {}
        course = self._course
        entry = course.entry()
        entry.taken.append(signal)
        entry.is_awake = True
        if payload.get("plan_id") != course.plan.plan_id:
            entry.events.append(course.event("signalled", {"name": signal.name, "ignored": "another plan"}))
            course.put(entry)
            return
        asked = payload.get("subtask")
        names = [n for n in self.waiting if asked is None or n == asked]
        if not names:
            entry.events.append(course.event("signalled", {"name": signal.name, "ignored": "nothing waits"}))
            course.put(entry)
        elif signal.name == "approve":
            self._approve(names, entry)
        else:
            self._reject(names, entry, is_whole=asked is None, reason=_reason(payload))

    def _approve(self, names: Sequence[str], entry: Entry) -> None:
        course = self._course
        for name in names:
            entry.ended_waits.append(self.waiting.pop(name))
            self._approved.add(name)
            entry.events.append(course.event("approved", {"subtask_id": name}))
        course.put(entry)
        for name in names:
            if name == WHOLE_PLAN:
                course.start()
            else:
                course.progress.ready(name)

    def _reject(self, names: Sequence[str], entry: Entry, *, is_whole: bool, reason: str) -> None:
        course = self._course
        entry.events.append(course.event("signalled", {"name": "reject", "reason": reason}))
        if is_whole or WHOLE_PLAN in names:
            # Kept with the decision: whoever goes on with the run after a crash finds it rejected.
            error = ErrorRecord(code="run.rejected", message=reason)
            course.run = entry.run = course.run.model_copy(update={"cancel_reason": reason, "error": error})
            course.put(entry)
            course.halt(RunState.REJECTED, error)
            return
        for name in names:
            entry.ended_waits.append(self.waiting.pop(name))
            subtask = course.graph.subtasks[name]
            refusal = record_of(AttemptFailed("approval.rejected", reason))
            entry.receipts.append(course.unstarted(subtask, TraceStatus.FAILURE, error=refusal))
            course.end_subtask(subtask, TraceStatus.FAILURE, entry)
        course.put(entry)

    def _is_asked(self, subtask: Subtask) -> bool:
        if subtask.approval == "always":
            return True
        if self._course.run.approval == "auto":
            return False
        agent = self._course.office.registry.get(subtask.required_agent)
        return effect_of(subtask, agent) is Effect.EFFECTFUL and WHOLE_PLAN not in self._approved

    def _await_approval(self, subtask_id: str) -> None:
        if subtask_id in self.waiting:
            return
        course = self._course
        wait = Wait(subtask_id, None, "approval", course.plan.plan_id, None, course.office.now_ms())
        self.waiting[subtask_id] = wait
        entry = course.entry()
        entry.waits.append(wait)
        course.put(entry)


def _reason(payload: Mapping[str, JsonValue]) -> str:
    reason = payload.get("reason")
    return reason[:500] if isinstance(reason, str) and reason else "somebody rejected it"
