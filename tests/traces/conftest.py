from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata
from storage.database import Database
from storage.rows import insert_run, insert_trace
from traces.rows import run_row, trace_row

MakeTrace = Callable[..., ExecutionTrace]


@pytest.fixture
def make_trace() -> MakeTrace:
    def make(
        trace_id: str = "t1", *, metadata: dict[str, Any] | None = None, **fields: Any
    ) -> ExecutionTrace:
        status = fields.pop("status", "success")
        error = (
            {"error": ErrorRecord(code="scrape.http_status", message="it said\n 404")}
            if status == "failure"
            else {}
        )
        return ExecutionTrace(
            trace_id=trace_id,
            task_id=fields.pop("task_id", "r1"),
            agent_type=fields.pop("agent_type", "scrape"),
            status=status,
            timestamp=fields.pop("timestamp", 1_763_700_000),
            metadata=TraceMetadata(**{"subtask_id": "look", "duration_ms": 2.5, **error, **(metadata or {})}),
            **fields,
        )

    return make


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "sheet.db") as found:
        for run_id in ("r1", "r2"):
            run = Run(run_id=run_id, objective="o", state=RunState.RUNNING)
            found.commit([insert_run(run_row(run).row)])
        found.commit([]).result(10)
        yield found


@pytest.fixture
def keep(database: Database) -> Callable[..., None]:
    numbers = count(2)

    def keep_all(*traces: ExecutionTrace) -> None:
        kept = [trace_row(t, event_id=next(numbers)) for t in traces]
        for future in [database.commit([insert_trace(k.row)], blobs=k.blobs) for k in kept]:
            future.result(10)

    return keep_all
