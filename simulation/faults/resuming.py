"""Faults in going on: what a process finds in the journal, and what it makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from contracts.trace import TraceStatus
from dispatcher import starting
from dispatcher.calls import Calls
from dispatcher.judging import Judge
from dispatcher.kept import Kept
from dispatcher.progress import Progress
from dispatcher.purse import Purse
from simulation.faults.plant import Fault, after, before, fault, instead

LATER_MS: Final = 7_000


def _forgetting(**found: Any) -> Any:
    """Change what a trail tells before it is followed."""

    def forget(_: Any, __: Any, trail: Any) -> None:
        for name, value in found.items():
            setattr(trail, name, value)

    return before(forget)


def _forget_number(_: Any, __: Any, trail: Any) -> None:
    if trail.intent is None:
        trail.attempt = 0


def _everything_at_once(original: Any) -> Any:
    def set_off(self: Any) -> None:
        original(self)
        if self.statuses:
            for name in vars(self)["_missing"]:
                if name not in self.statuses:
                    self.ready(name)

    return set_off


def _without_ends(opened: Any) -> Any:
    return replace(opened, past=[p for p in opened.past if not (p.ended and p.ended.has_output)])


def _without_elements(opened: Any) -> Any:
    kept = [p for p in opened.past if p.item_index is None or p.ended or p.status is not TraceStatus.SUCCESS]
    return replace(opened, past=kept)


def _later(opened: Any) -> Any:
    run = opened.run
    if run.deadline_ms is None or run.started_ms is None:
        return opened
    return replace(opened, run=run.model_copy(update={"deadline_ms": run.deadline_ms + LATER_MS}))


def _blindly_again(_: Any) -> Any:
    def settle(self: Any, work: Any, intent: Any) -> None:
        work.attempt = intent.attempt
        self.offer(work)

    return settle


def _start_at_once(_: Any) -> Any:
    def intend(self: Any, work: Any) -> None:
        self._start(work)  # a fault knows its place from within

    return intend


def _and_start(original: Any) -> Any:
    def intend(self: Any, work: Any) -> None:
        original(self, work)
        self._start(work)  # likewise

    return intend


def _never_happened(_: Any, __: Any, outcome: Any, **___: Any) -> None:
    if outcome.reply is not None:
        outcome.reply, outcome.is_not_done = None, True


FAULTS: Final[tuple[Fault, ...]] = (
    fault("retry_time_lost", "a restart makes a retry due at once", (Calls, "take_up", _forgetting(next_ms=None))),
    fault("backoff_reset", "after a restart waits grow from the start again", (Calls, "take_up", _forgetting(tries=0))),
    fault("attempt_number_reused", "a restart counts attempts anew", (Calls, "take_up", before(_forget_number))),
    fault("dependency_ignored_on_resume", "a restart starts everything", (Progress, "set_off", _everything_at_once)),
    fault("skipped_subtask_run", "every condition holds", (starting, "holds", instead(value=True))),
    fault("finished_subtask_run_again", "a restart forgets which subtasks ended", (Kept, "open", after(_without_ends))),
    fault("finished_element_run_again", "a restart forgets ended elements", (Kept, "open", after(_without_elements))),
    fault("intent_missing", "an effect is not announced", (Calls, "_intend", _start_at_once)),
    fault(
        "intent_after_effect", "an effect does not wait for its intent",
        (Calls, "_intend", _and_start), (Calls, "_intended", instead(None)),
    ),
    fault("unknown_effect_rerun", "an effect nobody knows of is made again", (Calls, "_settle", _blindly_again)),
    fault("reconcile_result_ignored", "what was found out is ignored", (Judge, "_found_out", before(_never_happened))),
    fault("deadline_shifted_by_restart", "a restart gives more time", (Kept, "open", after(_later))),
    fault("spending_forgotten", "a restart forgets what was spent", (Purse, "spend", instead(None))),
)  # fmt: skip
