from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from contracts.clock import SystemClock
from contracts.errors import Unavailable
from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace, TraceMetadata, TraceStatus
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from storage.database import Database
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceFilter, TraceStore

CANARY = "canary-7f3a9c51d2"


@pytest.fixture
def database(tmp_path: Any) -> Any:
    with Database.open(tmp_path / "c.db") as opened:
        yield opened


@pytest.fixture
def journal(database: Any, tmp_path: Any) -> Any:
    made = StorageJournal(database, files=TraceFiles(tmp_path / "runs"), redactor=Redactor([CANARY]))
    yield made
    made.close()


def run_of(run_id: str = "r1") -> Run:
    return Run(run_id=run_id, objective="x", state=RunState.RUNNING)


def trace_of(trace_id: str, **more: Any) -> ExecutionTrace:
    given = {"task_id": "r1", "agent_type": "data", "status": TraceStatus.SUCCESS, "timestamp": 1, **more}
    return ExecutionTrace(trace_id=trace_id, metadata=TraceMetadata(subtask_id="s", started_ms=1000), **given)


async def test_traces_and_values_are_there_when_put_returns(
    journal: Any, database: Any, tmp_path: Any
) -> None:
    await journal.open(run_of())
    await journal.put([trace_of("t1"), trace_of("t2")], values={"k": [1]}, written_by="s")
    reader = database.reader()
    assert {t.trace_id for t in TraceStore(reader).page(TraceFilter()).traces} == {"t1", "t2"}
    assert RunStore(reader).values("r1") == {"k": [1]}


async def test_an_ended_run_has_its_trace_files(journal: Any, tmp_path: Any) -> None:
    await journal.open(run_of())
    for n in range(5):
        await journal.put([trace_of(f"t{n}")], values={}, written_by="s")
    await journal.update(run_of().model_copy(update={"state": RunState.SUCCEEDED}))
    files = sorted(p.name for p in (tmp_path / "runs").glob("trace_r1_1*.json"))
    assert len(files) == 5
    assert files[0] == "trace_r1_1.json"


async def test_a_secret_is_nowhere_in_what_was_written(journal: Any, tmp_path: Any) -> None:
    hidden = {"Authorization": "Bearer abc", "note": f"the key is {CANARY}!"}
    await journal.open(run_of().model_copy(update={"objective": f"use {CANARY}", "result": [CANARY]}))
    await journal.put([trace_of("t1", input=hidden, output=CANARY)], values={"k": hidden}, written_by="s")
    await journal.update(run_of().model_copy(update={"state": RunState.SUCCEEDED, "result": CANARY}))
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert written
    assert CANARY.encode() not in written


async def test_a_plan_survives_being_redacted(journal: Any, database: Any) -> None:
    step: dict[str, Any] = {
        "id": "a",
        "objective": "o",
        "required_agent": "data",
        "dependencies": [],
        "input_keys": [],
    }
    plan = load_plan({"objective": "x", "subtasks": [{**step, "output_key": "k"}]})
    await journal.open(run_of().model_copy(update={"plan": plan}))
    assert RunStore(database.reader()).get("r1").plan == plan


async def test_a_value_under_a_sensitive_key_is_kept_nowhere(
    journal: Any, database: Any, tmp_path: Any
) -> None:
    step: dict[str, Any] = {
        "id": "a",
        "objective": "o",
        "required_agent": "data",
        "dependencies": [],
        "input_keys": [],
    }
    plan = load_plan(
        {"objective": "x", "subtasks": [{**step, "output_key": "api_key"}], "result_key": "api_key"}
    )
    run = run_of().model_copy(update={"plan": plan})
    await journal.open(run)
    await journal.put([trace_of("t1", output="own-word")], values={"api_key": "own-word"}, written_by="a")
    await journal.update(run.model_copy(update={"state": RunState.SUCCEEDED, "result": "own-word"}))
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"own-word" not in written
    assert RunStore(database.reader()).values("r1") == {"api_key": "[redacted]"}


async def test_a_unit_that_cannot_be_written_leaves_nothing_of_itself(journal: Any, database: Any) -> None:
    await journal.open(run_of())
    await journal.put([trace_of("t1")], values={}, written_by="s")
    with pytest.raises(Exception, match=r"constraint|UNIQUE"):
        await journal.put([trace_of("t2"), trace_of("t1")], values={"k": 1}, written_by="s")
    assert RunStore(database.reader()).values("r1") == {}
    assert len(TraceStore(database.reader()).page(TraceFilter()).traces) == 1


async def test_a_closed_database_is_an_error_not_a_hang(journal: Any, database: Any) -> None:
    await journal.open(run_of())
    database.close()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(journal.put([trace_of("t1")], values={}, written_by="s"), 5)


async def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = Ids(SystemClock(), random.SystemRandom())
    names = [ids.new() for _ in range(1000)]
    assert len(set(names)) == 1000
    assert [n[:12] for n in names] == sorted(n[:12] for n in names)
    assert all(len(n) == 32 and json.loads(f'"{n}"') for n in names)
