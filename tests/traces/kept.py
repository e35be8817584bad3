"""Traces put into a database as the journal puts them: numbered, their long texts as blobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace
from storage.database import Database
from storage.journal_rows import EventRow, insert_event
from storage.rows import insert_run, insert_trace
from traces.rows import run_row, trace_row


def keep_traces(
    path: Path, traces: Iterable[ExecutionTrace], *, state: RunState = RunState.SUCCEEDED
) -> Path:
    """Keep traces in the order given, their runs as well; nobody holds the file afterwards."""
    with Database.open(path) as database:
        numbers: Counter[str] = Counter()
        for trace in traces:
            if not numbers[trace.task_id]:
                open_run(database, trace.task_id, state)
                numbers[trace.task_id] = 1
            numbers[trace.task_id] += 1
            kept = trace_row(trace, event_id=numbers[trace.task_id])
            database.commit([insert_trace(kept.row)], blobs=kept.blobs).result(10)
    return path


def open_run(database: Database, run_id: str, state: RunState) -> None:
    """Keep a run and its first event."""
    kept = run_row(Run(run_id=run_id, objective="o", state=state))
    database.commit([insert_run(kept.row), insert_event(EventRow(run_id, 1, "queued", 0, "{}"))]).result(10)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
