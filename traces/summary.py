"""What a list shows of a trace and of a run: a line, never the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from contracts.run import RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceStatus
from storage.rows import read_line, read_trace_head
from storage.table import Row

MAX_PREVIEW: Final = 200
"""Characters."""
MAX_OBJECTIVE: Final = 500
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


def trace_summary(row: Row) -> TraceSummary:
    """Return the line a row of the trace list spells.

    Raises:
        Damaged: `storage.damaged`.
    """
    kept = read_trace_head(row)
    return TraceSummary(
        trace_id=kept.trace_id,
        run_id=kept.run_id,
        subtask_id=kept.subtask_id,
        agent_type=kept.agent_type,
        status=TraceStatus(kept.status),
        attempt=kept.attempt,
        item_index=kept.item_index,
        started_ms=kept.started_ms,
        duration_ms=kept.duration_ms,
        preview=kept.preview,
        error_code=kept.error_code,
    )


def run_summary(row: Row) -> RunSummary:
    """Return the line a row of the run list spells.

    Raises:
        Damaged: `storage.damaged`.
    """
    kept = read_line(row)
    return RunSummary(
        run_id=kept.run_id,
        objective=kept.objective[:MAX_OBJECTIVE],
        state=RunState(kept.state),
        created_ms=kept.created_ms,
        started_ms=kept.started_ms,
        ended_ms=kept.ended_ms,
    )


def preview_of(trace: ExecutionTrace, output: str) -> str:
    """Return what came out in one printable line, or the error's message where nothing did.

    Args:
        trace: Whose line it is.
        output: Its output's JSON.
    """
    return preview_text(output, trace.metadata.error)


def preview_text(output: str, error: ErrorRecord | None) -> str:
    """Return an output's JSON as one printable line, a string without its quotes; else the error's message."""
    if output == "null":
        shown = error.message if error is not None else ""
    elif output.startswith('"'):
        shown = json.loads(output)
    else:
        shown = output
    line = shown[: 2 * MAX_PREVIEW]
    if not line.isprintable():
        line = "".join(c if c.isprintable() else " " for c in line)
    line = " ".join(line.split())
    return line if len(line) <= MAX_PREVIEW else line[: MAX_PREVIEW - 1] + "…"
