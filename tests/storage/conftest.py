from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.database import Database
from storage.rows import RunRow, TraceRow, insert_run


@pytest.fixture
def run_row() -> RunRow:
    return RunRow(
        run_id="r1",
        objective="find trucks",
        state="running",
        now=None,
        home_zone="UTC",
        created_ms=1,
        started_ms=None,
        ended_ms=None,
        deadline_ms=None,
        epoch=1,
        priority=0,
        approval="auto",
        parent_id=None,
        plan_id=None,
        cancel_reason=None,
        error=None,
        subtasks="{}",
        policy="{}",
        result=None,
        result_blob=None,
        inputs="{}",
        is_redacted=False,
    )


@pytest.fixture
def trace_row() -> TraceRow:
    return TraceRow(
        trace_id="t1",
        run_id="r1",
        event_id=2,
        subtask_id="look",
        attempt=1,
        item_index=None,
        agent_type="scrape",
        status="success",
        started_ms=10,
        duration_ms=2.5,
        preview="[1]",
        error_code=None,
        next_ms=None,
        ended="success",
        usage="{}",
        input_blob=None,
        output_blob=None,
        body='{"output":[1]}',
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sheet.db"


@pytest.fixture
def database(path: Path, run_row: RunRow) -> Iterator[Database]:
    with Database.open(path) as found:
        found.commit([insert_run(run_row), insert_run(replace(run_row, run_id="r2"))]).result(10)
        yield found
