"""What a run's traces tell whoever tries it again: what nobody knows of, and which elements need not be made anew."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import JsonValue

from contracts.run import Run
from dispatcher.child import UNKNOWN
from traces.store import TraceStore


def unknown_effects(traces: TraceStore, run_id: str) -> tuple[str, ...]:
    """Return the subtasks of which nobody knows whether their effect happened."""
    # What stands after an attempt without being one says how its subtask ended, and nothing of the effect.
    last = {(t.subtask_id, t.item_index): t.error_code for t in traces.of_run(run_id) if t.attempt}
    return tuple(dict.fromkeys(sid for (sid, _), code in last.items() if code == UNKNOWN))


def finished_elements(
    traces: TraceStore, parent: Run, *, not_done: Collection[str] = ()
) -> dict[str, dict[int, JsonValue]]:
    """Return what elements gave of lists that are gone on with: subtask -> index -> output.

    Args:
        traces: Of the parent, among others.
        parent: It has ended.
        not_done: Its subtasks of which a person says that what is not known of them did not happen.
    """
    found: dict[str, dict[int, JsonValue]] = {}
    for trace in traces.of_run(parent.run_id):
        sid, index = trace.subtask_id, trace.item_index
        status = parent.subtasks.get(sid)
        is_taken_whole = status is not None and status.has_output and sid not in not_done
        if index is not None and trace.status.has_output and not is_taken_whole:
            found.setdefault(sid, {})[index] = traces.get(trace.trace_id).output
    return found
