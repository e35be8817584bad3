"""How a run ended, from how its subtasks did."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.run import RunState
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.graph import Graph
from memory.context import SharedContext


def verdict_of(
    graph: Graph, context: SharedContext, statuses: Mapping[str, TraceStatus]
) -> tuple[RunState, ErrorRecord | None]:
    """Return the state a run ends in that nobody stopped, and why it failed where it did.

    It succeeds when its `result_key` was produced, or, without one, when no
    subtask failed: what a condition ruled out has not failed.
    """
    key = graph.plan.result_key
    if context.has(key) if key is not None else not _failed(statuses):
        return RunState.SUCCEEDED, None
    lost = [sid for sid in graph.subtasks if not statuses[sid].has_output]
    what = f"{key!r} was not produced" if key is not None else "a subtask failed"
    return RunState.FAILED, ErrorRecord(
        code="run.failed",
        message=f"{what}; without output: {', '.join(lost[:10])}",
        hint="Look at the traces of those subtasks.",
    )


def result_of(graph: Graph, context: SharedContext) -> JsonValue:
    """Return a run's result: its `result_key`, or what the subtasks nobody waits for wrote."""
    key = graph.plan.result_key
    if key is not None:
        return context.get(key) if context.has(key) else None
    found = {end: context.get(end) for end in graph.end_keys if context.has(end)}
    return next(iter(found.values())) if len(found) == 1 else found


def _failed(statuses: Mapping[str, TraceStatus]) -> bool:
    return any(not s.has_output and s is not TraceStatus.SKIPPED for s in statuses.values())
