"""A database that has rows in every table, written by the writer itself."""

from __future__ import annotations

import json
from pathlib import Path

from storage.blobs import Blob
from storage.database import Database
from storage.guest_rows import GuestValueRow, set_guest_value
from storage.journal_rows import (
    EventRow,
    IntentRow,
    KeyRow,
    SignalRow,
    WaitRow,
    WakeRow,
    insert_event,
    insert_intent,
    insert_key,
    insert_signal,
    insert_wait,
    set_wake,
)
from storage.rows import (
    PlanRow,
    RunRow,
    TraceRow,
    ValueRow,
    insert_plan,
    insert_run,
    insert_trace,
    insert_value,
)
from storage.statement import Statement

LONG = json.dumps(["a long value, " * 7, *range(20_000)])


def run(run_id: str, state: str = "succeeded", *, plan_id: str | None = None) -> RunRow:
    return RunRow(
        run_id=run_id,
        objective="find trucks",
        state=state,
        now=None,
        home_zone="UTC",
        created_ms=1,
        started_ms=2,
        ended_ms=3,
        deadline_ms=None,
        epoch=1,
        priority=0,
        approval="auto",
        parent_id=None,
        plan_id=plan_id,
        cancel_reason=None,
        error=None,
        subtasks="{}",
        policy="{}",
        result='"done"',
        result_blob=None,
        inputs="{}",
        is_redacted=False,
    )


def trace(run_id: str, event_id: int, *, output_blob: str | None = None) -> TraceRow:
    output = "null" if output_blob else f'"what came out {event_id}"'
    return TraceRow(
        trace_id=f"{run_id}-t{event_id}",
        run_id=run_id,
        event_id=event_id,
        subtask_id="look",
        attempt=event_id - 1,
        item_index=None,
        agent_type="scrape",
        status="success",
        started_ms=1_763_700_000_000,
        duration_ms=2.5,
        preview=f"what came out {event_id}",
        error_code=None,
        next_ms=None,
        ended=None,
        usage="{}",
        input_blob=None,
        output_blob=output_blob,
        body=f'{{"trace_id":"{run_id}-t{event_id}","output":{output}}}',
    )


def fill(path: Path, *, runs: int = 3, traces: int = 5) -> Path:
    """Make a file with so many runs of so many traces, and every other kind of row; nobody holds it afterwards."""
    with Database.open(path) as database:
        for number in range(1, runs + 1):
            database.commit(_a_run(f"r{number}", traces)).result(30)
        database.commit(_waiting("r1")).result(30)
    return path


def _a_run(run_id: str, traces: int) -> list[Statement]:
    last = traces + 2
    return [
        insert_plan(PlanRow("p1", '{"plan": 1}', None)),
        insert_run(run(run_id, plan_id="p1")),
        insert_event(EventRow(run_id, 1, "queued", 1, "{}")),
        *(insert_trace(trace(run_id, n)) for n in range(2, last)),
        insert_value(ValueRow(run_id, "found", "look", is_redacted=False, value="[1]")),
        insert_event(EventRow(run_id, last, "succeeded", 3, "{}")),
    ]


def _waiting(run_id: str) -> list[Statement]:
    return [
        insert_intent(IntentRow(run_id, "send", None, 1, "key", 5)),
        insert_wait(WaitRow(run_id, "send", None, "signal", "go", None, 5)),
        insert_signal(SignalRow(run_id, "s1", "go", "{}", 6, 0)),
        insert_key(KeyRow("k1", "f" * 64, run_id, 1)),
        set_wake(WakeRow(run_id, 7)),
        set_guest_value(GuestValueRow("notes", "a", "wasm:diary", 8, 2, "1")),
    ]


def add_blob(path: Path, run_id: str, event_id: int) -> str:
    """Keep one more trace, whose output is a blob, and a value that is the same blob."""
    blob = Blob(LONG)
    with Database.open(path) as database:
        database.commit(
            [
                insert_trace(trace(run_id, event_id, output_blob=blob.sha256)),
                insert_value(
                    ValueRow(run_id, "long", "look", is_redacted=False, value=None, blob=blob.sha256)
                ),
            ],
            blobs=[blob],
        ).result(30)
    return blob.sha256
