"""A run made of its traces, where they are all that is left of it, and marked as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, TraceStatus
from storage.journal_rows import EventRow
from traces.events import EventLine
from traces.summary import TraceSummary

OBJECTIVE: Final = "(made of its trace files)"
ORIGIN: Final = "trace_files"
"""What the first event of such a run says under `origin`."""

_WORST: Final = (
    TraceStatus.FAILURE,
    TraceStatus.TIMEOUT,
    TraceStatus.CANCELLED,
    TraceStatus.PARTIAL_SUCCESS,
    TraceStatus.SUCCESS,
    TraceStatus.SKIPPED,
)
"""How a subtask ended whose elements ended so; the first that occurs."""


def rebuilt_run(run_id: str, traces: Sequence[TraceSummary]) -> Run:
    """Return the run its traces tell of: failed when a subtask did, or when there are none.

    Args:
        run_id: Of the run.
        traces: All of its traces.
    """
    subtasks = _endings(traces)
    started = min((t.started_ms for t in traces), default=0)
    state = _state(set(subtasks.values()))
    failed = [name for name, status in subtasks.items() if status in _WORST[:2]]
    message = f"{failed[0]!r} failed" if failed else "it has no traces"
    return Run(
        run_id=run_id,
        objective=OBJECTIVE,
        state=state,
        created_ms=started,
        started_ms=started if traces else None,
        ended_ms=max((t.started_ms + int(t.duration_ms) for t in traces), default=None),
        subtasks=subtasks,
        error=ErrorRecord(code="run.failed", message=message) if state is RunState.FAILED else None,
    )


def queued_event(run: Run) -> EventRow:
    """Return the first event of such a run."""
    return EventRow(run.run_id, 1, "queued", run.created_ms, f'{{"origin":"{ORIGIN}"}}')


def final_event(run: Run, event_id: int) -> EventRow:
    """Return the event that tells how such a run ended."""
    return EventRow(run.run_id, event_id, run.state.value, run.ended_ms or run.created_ms, "{}")


def is_rebuilt(events: Sequence[EventLine]) -> bool:
    """Say whether a run was made of its traces.

    Args:
        events: The run's, from the first on.
    """
    return bool(events) and events[0].body.get("origin") == ORIGIN


def _endings(traces: Sequence[TraceSummary]) -> dict[str, TraceStatus]:
    last: dict[tuple[str, int | None], TraceSummary] = {}
    for trace in (t for t in traces if t.subtask_id):  # others tell of the plan itself
        place = (trace.subtask_id, trace.item_index)
        if place not in last or trace.attempt >= last[place].attempt:
            last[place] = trace
    found: dict[str, TraceStatus] = {}
    for (name, _), trace in last.items():
        found[name] = min(found.get(name, trace.status), trace.status, key=_WORST.index)
    return found


def _state(statuses: set[TraceStatus]) -> RunState:
    if not statuses or statuses & set(_WORST[:2]):
        return RunState.FAILED
    return RunState.CANCELLED if TraceStatus.CANCELLED in statuses else RunState.SUCCEEDED
