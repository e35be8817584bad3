"""The end of a run: what never started is traced, the state and the result are kept with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from contracts.journal import Entry, Event, Opened, StateKind
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.history import History
from dispatcher.ids import Ids
from dispatcher.receipts import unsettled, unstarted
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
            entry.receipts.extend(course.ends.unsettled(subtask))
            entry.receipts.append(course.ends.unstarted(subtask, TraceStatus.CANCELLED, error=error))
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


def given_up(opened: Opened, error: ErrorRecord, *, ids: Ids, now_ms: int) -> tuple[Run, Entry]:
    """Return a run that fails without a course of its own, and the entry that keeps its end.

    What had ended stays as it is, so that trying the run again takes it over; of an
    effect that was under way nobody knows; what never ended is told of too.

    Args:
        opened: As the journal gave it.
        error: Why.
        ids: Names for traces.
        now_ms: Unix milliseconds.
    """
    run, history = opened.run, History.of(opened)
    entry, statuses = Entry(run.run_id, opened.epoch), history.ended
    for subtask in run.plan.subtasks if run.plan is not None else ():
        if subtask.id not in statuses and run.plan is not None:
            plan_id = run.plan.plan_id
            entry.receipts.extend(unsettled(history, subtask, ids=ids, plan_id=plan_id))
            why = ErrorRecord(code=error.code, message=error.message)
            status = statuses[subtask.id] = TraceStatus.CANCELLED
            entry.receipts.append(
                unstarted(subtask, status, trace_id=ids.new(), now_ms=now_ms, plan_id=plan_id, error=why)
            )
    last = opened.last_event
    for receipt in entry.receipts:
        last = receipt.event_id = last + 1
    planned = {s.id for s in run.plan.subtasks} if run.plan is not None else ()
    ended = {name: status for name, status in statuses.items() if name in planned}
    change = {"state": RunState.FAILED, "error": error, "ended_ms": now_ms, "subtasks": ended}
    entry.run = run.model_copy(update=change)
    entry.events.append(Event(last + 1, "failed", now_ms, {"error": error.code}))
    return entry.run, entry
