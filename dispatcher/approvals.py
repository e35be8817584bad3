"""What waits for a person: the whole plan, a subtask, an effect; and what the person decided.

A decision names the plan it is about, and counts for that plan alone. Before
an effectful subtask is given a value that an untrusted source had a hand in, a
person is asked whatever the run's terms and the plan say, unless the plan in
force was approved as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import AttemptFailed, CallsheetError
from contracts.journal import Entry, Opened, Signal, Wait
from contracts.plan import Subtask
from contracts.replanning import by_name
from contracts.run import RunState
from contracts.taint import Use, needs_approval
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.reply import record_of
from dispatcher.work import effect_of

if TYPE_CHECKING:
    from dispatcher.course import Course

WHOLE_PLAN: Final = ""
MAX_USES: Final = 10
"""Inputs that are told of one subtask."""


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
        self._uses: Mapping[str, Sequence[Use]] | None = None
        """What effectful subtasks are given from untrusted sources, once that was looked for."""
        self._cards: Sequence[AgentCard] = ()
        """The cards that was judged by; agents are added and changed while runs go on."""

    def approve_plan_or_start(self) -> None:
        """Start a run, or wait for its plan to be approved."""
        if self._course.run.approval == "plan" and WHOLE_PLAN not in self._approved:
            self._await_approval(WHOLE_PLAN)
        else:
            self._course.start()

    @property
    def holds_all(self) -> bool:
        """Whether nothing more starts before a person has looked at the plan."""
        return WHOLE_PLAN in self.waiting

    def ask_anew(self) -> None:
        """Wait for the plan in force to be approved, where the run's terms say so and it was not."""
        if self._course.run.approval == "plan" and WHOLE_PLAN not in self._approved:
            self._await_approval(WHOLE_PLAN)

    def renew(self, entry: Entry) -> None:
        """Wait on under the name of a plan that is newly in force; what was said of the one before does not count.

        Args:
            entry: Makes that plan the one in force.
        """
        self._approved.discard(WHOLE_PLAN)
        self._uses = None
        waited, self.waiting = self.waiting, {}
        for name, wait in waited.items():
            entry.ended_waits.append(wait)
            if name != WHOLE_PLAN:
                self._wait(replace(wait, name=self._course.plan.plan_id), entry)
        if self._course.run.approval == "plan":
            self._wait(self._new_wait(WHOLE_PLAN), entry)

    def holds_back(self, subtask: Subtask) -> bool:
        """Say whether a subtask waits for a person; from then on it does."""
        if subtask.id in self._approved:
            return False
        why = self._why_untrusted(subtask)
        if not why and (subtask.approval == "never" or not self._is_asked(subtask)):
            return False
        self._await_approval(subtask.id, why)
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
            about: dict[str, JsonValue] = {"subtask_id": name, "plan_id": course.plan.plan_id}
            entry.events.append(course.event("approved", about))
        course.put(entry)
        for name in names:
            if name != WHOLE_PLAN:
                course.progress.ready(name)
            elif course.run.started_ms is None:
                course.start()

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
            entry.receipts.append(course.ends.unstarted(subtask, TraceStatus.FAILURE, error=refusal))
            course.ends.end_subtask(subtask, TraceStatus.FAILURE, entry)
        course.put(entry)

    def _is_asked(self, subtask: Subtask) -> bool:
        if subtask.approval == "always":
            return True
        if self._course.run.approval == "auto":
            return False
        return WHOLE_PLAN not in self._approved and self._acts(subtask)

    def _acts(self, subtask: Subtask) -> bool:
        """Say whether a subtask, or whoever stands in for its agent, has an effect that must not happen twice."""
        registry = self._course.office.registry
        if effect_of(subtask, registry.get(subtask.required_agent)) is Effect.EFFECTFUL:
            return True
        if subtask.fallback_agent is None:
            return False
        try:
            return registry.get(subtask.fallback_agent).card.effect is Effect.EFFECTFUL
        except CallsheetError:
            return False  # who is not there does nothing

    def _why_untrusted(self, subtask: Subtask) -> str:
        """Return what of an effectful subtask's inputs comes from where, in words; empty where nothing is untrusted."""
        if WHOLE_PLAN in self._approved or not subtask.dependencies or not self._acts(subtask):
            return ""
        cards = self._course.office.registry.cards()
        if self._uses is None or self._cards is not cards:
            self._uses, self._cards = needs_approval(self._course.plan, by_name(cards)), cards
        return "; ".join(str(use) for use in self._uses.get(subtask.id, ())[:MAX_USES])

    def _await_approval(self, subtask_id: str, why: str = "") -> None:
        if subtask_id in self.waiting:
            return
        entry = self._course.entry()
        if why:
            entry.events.append(self._course.event("held", {"subtask_id": subtask_id, "why": why}))
        self._wait(self._new_wait(subtask_id, why), entry)
        self._course.put(entry)

    def _new_wait(self, subtask_id: str, why: str = "") -> Wait:
        now_ms = self._course.office.now_ms()
        return Wait(subtask_id, None, "approval", self._course.plan.plan_id, None, now_ms, why)

    def _wait(self, wait: Wait, entry: Entry) -> None:
        self.waiting[wait.subtask_id] = wait
        entry.waits.append(wait)


def _reason(payload: Mapping[str, JsonValue]) -> str:
    reason = payload.get("reason")
    return reason[:500] if isinstance(reason, str) and reason else "somebody rejected it"
