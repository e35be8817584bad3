"""Traces and runs as rows, there and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import InvalidInput, NotFound
from contracts.plan import load_plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceStatus
from storage.database import Database, Statement
from storage.rows import ValueRow, insert_run, insert_value, update_run
from traces.rows import run_row, trace_of, trace_row, trace_text
from traces.runs_store import RunStore

NINE = "trace_id task_id agent_type input output expected_output status timestamp metadata".split()  # noqa: SIM905
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
MakeTrace = Callable[..., ExecutionTrace]


@pytest.fixture
def whole_run() -> Run:
    step: Any = {
        "id": "a",
        "objective": "look",
        "required_agent": "scrape",
        "dependencies": [],
        "input_keys": [],
    }
    plan = load_plan({"objective": "o", "subtasks": [{**step, "output_key": "page"}]})
    return Run(
        run_id="r9",
        objective="find é trucks",
        state=RunState.FAILED,
        plan=plan,
        policy=Policy(hosts=("x.example",), grants=(Grant(kind="folder", value="/data", by="--grant"),)),
        now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        home_zone="America/Chicago",
        created_ms=1,
        started_ms=2,
        ended_ms=3,
        result={"rows": [0.5, None]},
        error=ErrorRecord(code="run.failed", message="m"),
        subtasks={"a": TraceStatus.FAILURE},
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_input=JSON, output=JSON)
def test_a_trace_comes_back_from_its_row_unchanged(
    make_trace: MakeTrace, given_input: Any, output: Any
) -> None:
    trace = make_trace(input=given_input, output=output)
    row = trace_row(trace)

    assert trace_of(row.body) == trace
    assert list(json.loads(row.body)) == NINE
    assert len(row.preview) <= 200
    assert row.preview.isprintable()


def test_a_row_carries_what_lists_need(make_trace: MakeTrace) -> None:
    row = trace_row(
        make_trace(
            status="failure", metadata={"attempt": 2, "item_index": 3, "started_ms": 7}, agent_type="time"
        )
    )

    assert (row.run_id, row.subtask_id, row.attempt, row.item_index) == ("r1", "look", 2, 3)
    assert (row.agent_type, row.status, row.error_code) == ("time", "failure", "scrape.http_status")
    assert (row.started_ms, row.duration_ms, row.preview) == (7, 2.5, "it said 404")


def test_an_older_trace_without_milliseconds_starts_at_its_timestamp(make_trace: MakeTrace) -> None:
    assert trace_row(make_trace(timestamp=12)).started_ms == 12_000


@pytest.mark.parametrize(
    ("output", "preview"),
    [
        (None, ""),
        ("a\n b\t\x1b[31mred", "a b [31mred"),
        ("\u202eevil", "evil"),
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
        (False, "false"),
    ],
)
def test_a_preview_is_one_printable_line(make_trace: MakeTrace, output: Any, preview: str) -> None:
    assert trace_row(make_trace(output=output)).preview == preview


@pytest.mark.parametrize("output", ["x" * 500, list(range(1000)), {"k" * 900: 1}])
def test_a_long_preview_is_cut_visibly(make_trace: MakeTrace, output: Any) -> None:
    preview = trace_row(make_trace(output=output)).preview

    assert len(preview) == 200
    assert preview.endswith("…")


@pytest.mark.parametrize("output", [math.nan, [math.inf], {"a": {"b": -math.inf}}])
def test_a_trace_that_is_no_json_makes_no_row(make_trace: MakeTrace, output: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        trace_row(make_trace(output=output))
    assert refused.value.code == "trace.not_json"
    assert "'t1'" in refused.value.message


def test_a_trace_too_large_to_read_again_is_not_kept(
    make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traces.rows.MAX_TRACE_CHARS", 1000)

    with pytest.raises(InvalidInput) as refused:
        trace_text(make_trace(output="x" * 1000))
    assert refused.value.code == "trace.too_large"


def test_a_body_changed_by_somebody_else_is_malformed(make_trace: MakeTrace) -> None:
    body = trace_row(make_trace()).body.replace('"success"', '"great"')

    with pytest.raises(InvalidInput) as refused:
        trace_of(body)
    assert refused.value.code == "trace.malformed"
    assert "/status" in refused.value.message


def test_a_run_comes_back_from_the_database_unchanged(database: Database, whole_run: Run) -> None:
    database.commit([insert_run(run_row(whole_run))]).result(10)

    with database.reader() as reader:
        found = RunStore(reader).get("r9")
    assert found == whole_run
    assert found.plan is not None
    assert whole_run.plan is not None
    assert found.plan.as_json() == whole_run.plan.as_json()


def test_a_run_is_read_in_its_newest_state(database: Database, whole_run: Run) -> None:
    bare = Run(run_id="r1", objective="o", state=RunState.QUEUED)
    database.commit([update_run(run_row(bare))]).result(10)
    database.commit([update_run(run_row(whole_run.model_copy(update={"run_id": "r1"})))]).result(10)

    with database.reader() as reader:
        assert RunStore(reader).get("r1").state is RunState.FAILED


def test_a_run_changed_by_somebody_else_is_malformed(database: Database) -> None:
    database.commit([Statement("UPDATE run SET policy = '[]' WHERE run_id = 'r1'")]).result(10)

    with database.reader() as reader, pytest.raises(InvalidInput) as refused:
        RunStore(reader).get("r1")
    assert refused.value.code == "run.malformed"


def test_an_unknown_run_is_not_found_and_its_name_is_cut(database: Database) -> None:
    with database.reader() as reader, pytest.raises(NotFound) as missing:
        RunStore(reader).get("x" * 10_000)
    assert missing.value.code == "run.unknown"
    assert len(missing.value.message) < 200


def test_a_runs_values_are_read_with_who_wrote_them(database: Database) -> None:
    database.commit([insert_value(ValueRow("r1", "b", "look", "[1]"))])
    database.commit([insert_value(ValueRow("r1", "a", "inputs", "null"))]).result(10)

    with database.reader() as reader:
        store = RunStore(reader)
        assert store.values("r1") == {"a": None, "b": [1]}
        assert store.writers("r1") == {"a": "inputs", "b": "look"}
        assert store.values("r2") == {}
