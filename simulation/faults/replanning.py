"""Faults in how a run goes on by a new plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dispatcher import replanning
from dispatcher.approvals import Approvals
from dispatcher.course import Course
from dispatcher.kept import Kept
from dispatcher.replanning import Replanning
from simulation.faults.plant import Fault, after, before, fault, instead


def _forget_replans(opened: Any) -> Any:
    return replace(opened, replanned=())


def _forget_the_first(opened: Any) -> Any:
    return replace(opened, given_up=frozenset())


def _same_old_plan(original: Any) -> Any:
    def go_by(self: Any, plan: Any, entry: Any, done: Any) -> None:
        old = self.run.plan
        original(self, plan, entry, done)
        entry.run = self.run = self.run.model_copy(update={"plan": old})

    return go_by


def _stop_listening(self: Any, *_: Any) -> None:
    vars(self)["_is_stopped"] = True


FAULTS: Final[tuple[Fault, ...]] = (
    fault("bounds_unchecked", "a new plan may do anything", (replanning, "bounds_problems", instead([]))),
    fault("replans_without_end", "nobody counts new plans", (replanning, "MAX_REPLANS", lambda _: 100)),
    fault("new_plan_not_kept", "the run is kept with its old plan", (Course, "go_by", _same_old_plan)),
    fault("new_plan_approved_by_the_old", "what was said of the old plan counts", (Approvals, "renew", instead(None))),
    fault("plan_asked_for_and_forgotten", "nobody hears the planner", (Replanning, "_ask", before(_stop_listening))),
    fault("replans_forgotten", "a restart forgets how often", (Kept, "open", after(_forget_replans))),
    fault("refusals_forgotten", "a restart asks again", (Kept, "open", after(_forget_the_first))),
)  # fmt: skip
