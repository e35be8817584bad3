"""Faults in a run's life: cancels, signals, approvals, timers, drains, retries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from contracts.run import RunState
from contracts.trace import ErrorRecord
from dispatcher import course as course_module
from dispatcher.approvals import Approvals
from dispatcher.course import Course
from dispatcher.drafts import Drafting
from dispatcher.engine import LocalEngine
from dispatcher.journal import StorageJournal
from dispatcher.judging import Judge
from dispatcher.kept import Kept
from dispatcher.waiting import Waiting
from simulation.faults.plant import Fault, before, fault, instead


def _only_yes(_: Any) -> Any:
    def answer(*args: Any) -> None:
        args[-1](None)

    return answer


def _in_memory_only(_: Any) -> Any:
    def cancel(self: Any, reason: str, done: Any) -> None:
        self.halt(RunState.CANCELLED, ErrorRecord(code="run.cancelled", message=reason))
        self.advance()
        done(None)

    return cancel


def _as_if_nothing_was(original: Any) -> Any:
    def finish(course: Any) -> Any:
        run, entry = original(course)
        if run.state is RunState.CANCELLED:
            run = entry.run = run.model_copy(update={"state": RunState.SUCCEEDED, "error": None})
        return run, entry

    return finish


def _for_any_plan(original: Any) -> Any:
    def decide(self: Any, signal: Any) -> None:
        plan_id = vars(self)["_course"].plan.plan_id
        payload = (
            {**signal.payload, "plan_id": plan_id} if isinstance(signal.payload, dict) else signal.payload
        )
        original(self, replace(signal, payload=payload))

    return decide


def _with_nothing(original: Any) -> Any:
    return lambda self, run, key, _kept: original(self, run, key, ())  # the form it has


def _forget_taken(_: Any, __: Any, entry: Any) -> None:
    entry.taken.clear()


def _let_go(original: Any) -> Any:
    async def drain(self: Any, timeout_s: float) -> None:
        for active in vars(self)["_runs"].active.values():
            if isinstance(active, Course):
                active.die()
        await original(self, timeout_s)

    return drain


FAULTS: Final[tuple[Fault, ...]] = (
    fault("cancel_lost", "a cancel is answered and forgotten", (Course, "cancel", _only_yes)),
    fault("cancel_in_memory_only", "a cancel is answered before it is kept", (Course, "cancel", _in_memory_only)),
    fault("cancel_overwritten_by_late_result", "a cancelled run succeeds", (course_module, "finish", _as_if_nothing_was)),
    fault("timer_lost", "nobody wakes", (Kept, "due", instead([])), (Kept, "next_due_ms", instead(None))),
    fault("signal_lost", "a signal is answered and forgotten", (StorageJournal, "signal", _only_yes)),
    fault("signal_delivered_twice", "a signal is never used up", (Drafting, "_add_rarer", before(_forget_taken))),
    fault(
        "signal_repeated_is_news", "a signal sent again is heard again",
        (Waiting, "_is_news", instead(value=True)), (Kept, "knows_signal", instead(value=False)),
    ),
    fault("approval_for_another_plan", "a yes counts for any plan", (Approvals, "decide", _for_any_plan)),
    fault("child_without_outputs", "a retry keeps nothing of its parent", (Drafting, "created", _with_nothing)),
    fault("drain_drops_a_run", "a drain lets go of what is under way", (LocalEngine, "drain", _let_go)),
    fault("fallback_skipped", "nobody falls back", (Judge, "fall_back", instead(value=False))),
    fault("retries_skipped", "nothing is tried again", (Judge, "_is_tried_again", instead(value=False))),
)  # fmt: skip
