from __future__ import annotations

from typing import Any

from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace, TraceMetadata, TraceStatus
from storage.database import Database
from storage.rows import insert_run, insert_trace
from traces.follow import TraceFollower, count_of_run
from traces.rows import run_row, trace_row
from traces.runs_store import RunStore
from traces.store import TraceFilter


def keep(database: Database, *names: str, agent: str = "data") -> None:
    metadata = TraceMetadata(subtask_id="s")
    for name in names:
        event_id = 2 + count_of_run(database.reader(), "r")
        trace = ExecutionTrace(
            trace_id=name,
            task_id="r",
            agent_type=agent,
            status=TraceStatus.SUCCESS,
            timestamp=1,
            metadata=metadata,
        )
        database.commit([insert_trace(trace_row(trace, event_id=event_id).row)]).result(5)


def open_run(database: Database) -> None:
    run = Run(run_id="r", objective="o", state=RunState.RUNNING)
    database.commit([insert_run(run_row(run).row)]).result(5)


def test_each_trace_is_handed_out_once_from_the_moment_of_asking(tmp_path: Any) -> None:
    with Database.open(tmp_path / "c.db") as database:
        open_run(database)
        keep(database, "before")
        follower = TraceFollower(database.reader(), TraceFilter())
        assert follower.fresh() == ()
        keep(database, "a", "b")
        assert [t.trace_id for t in follower.fresh()] == ["a", "b"]
        keep(database, "c")
        assert [t.trace_id for t in follower.fresh()] == ["c"]
        assert count_of_run(database.reader(), "r") == 4


def test_only_what_is_wanted_is_handed_out(tmp_path: Any) -> None:
    with Database.open(tmp_path / "c.db") as database:
        open_run(database)
        follower = TraceFollower(database.reader(), TraceFilter(agent="time", run_id="r"))
        keep(database, "a")
        keep(database, "b", agent="time")
        assert [t.trace_id for t in follower.fresh()] == ["b"]


def test_a_run_keeps_the_inputs_it_was_given(tmp_path: Any) -> None:
    run = Run(run_id="r", objective="o", state=RunState.QUEUED, inputs={"bids": [1, 2]})
    with Database.open(tmp_path / "c.db") as database:
        database.commit([insert_run(run_row(run).row)]).result(5)
        assert RunStore(database.reader()).get("r") == run
