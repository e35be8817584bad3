"""The end of a run: what never started is traced, the state and the result are kept with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from contracts.journal import Entry, StateKind
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.verdict import result_of, verdict_of

if TYPE_CHECKING:
    from dispatcher.course import Course

_KIND_OF: Final[dict[RunState, StateKind]] = {
    RunState.SUCCEEDED: "succeeded",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
    RunState.REJECTED: "rejected",
}


def finish(course: Course) -> tuple[Run, Entry]:
    """Return a run as it ended, and the entry that keeps it; nothing of it is under way any more."""
    statuses = course.progress.statuses
    entry = course.entry()
    if course.stop is not None:
        error = ErrorRecord(code=course.stop[1].code, message=course.stop[1].message)
        for subtask in (s for s in course.plan.subtasks if s.id not in statuses):
            statuses[subtask.id] = TraceStatus.CANCELLED
            entry.receipts.extend(course.calls.unsettled(subtask))
            entry.receipts.append(course.unstarted(subtask, TraceStatus.CANCELLED, error=error))
    state, why = course.stop or verdict_of(course.graph, course.context, statuses)
    entry.run = course.run.model_copy(
        update={
            "state": state,
            "error": why,
            "result": result_of(course.graph, course.context),
            "subtasks": {s.id: statuses[s.id] for s in course.plan.subtasks},
            "ended_ms": course.office.now_ms(),
        }
    )
    about: dict[str, JsonValue] = {"error": why.code} if why is not None else {}
    entry.events.append(course.event(_KIND_OF[state], about))
    entry.is_awake = course.waiting.has_parked
    return entry.run, entry
