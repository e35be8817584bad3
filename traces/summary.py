"""What a list shows of a trace and of a run: a line, never the whole."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from contracts.run import RunState
from contracts.trace import ExecutionTrace, TraceStatus

MAX_PREVIEW: Final = 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One trace in a list."""

    trace_id: str
    run_id: str
    subtask_id: str
    agent_type: str
    status: TraceStatus
    attempt: int
    item_index: int | None
    started_ms: int
    duration_ms: float
    preview: str
    """What came out, or why nothing did; one printable line."""
    error_code: str | None

    @property
    def task_id(self) -> str:
        """The run, in the trace's own word."""
        return self.run_id


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a list; the objective may be cut."""

    run_id: str
    objective: str
    state: RunState
    created_ms: int
    started_ms: int | None
    ended_ms: int | None


def trace_summary(row: sqlite3.Row) -> TraceSummary:
    """Return the line a row of the trace list spells."""
    return TraceSummary(
        trace_id=row["trace_id"],
        run_id=row["run_id"],
        subtask_id=row["subtask_id"],
        agent_type=row["agent_type"],
        status=TraceStatus(row["status"]),
        attempt=row["attempt"],
        item_index=row["item_index"],
        started_ms=row["started_ms"],
        duration_ms=row["duration_ms"],
        preview=row["preview"],
        error_code=row["error_code"],
    )


def run_summary(row: sqlite3.Row) -> RunSummary:
    """Return the line a row of the run list spells."""
    return RunSummary(
        run_id=row["run_id"],
        objective=row["objective"],
        state=RunState(row["state"]),
        created_ms=row["created_ms"],
        started_ms=row["started_ms"],
        ended_ms=row["ended_ms"],
    )


def preview_of(trace: ExecutionTrace, output: str) -> str:
    """Return what came out in one printable line, or the error's message where nothing did.

    Args:
        trace: Whose line it is.
        output: Its output's JSON.
    """
    error = trace.metadata.error
    if trace.output is None:
        shown = error.message if error is not None else ""
    else:
        shown = trace.output if isinstance(trace.output, str) else output
    line = shown[: 2 * MAX_PREVIEW]
    if not line.isprintable():
        line = "".join(c if c.isprintable() else " " for c in line)
    line = " ".join(line.split())
    return line if len(line) <= MAX_PREVIEW else line[: MAX_PREVIEW - 1] + "…"
