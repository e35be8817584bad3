"""Traces and runs as rows, there and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Damaged, InvalidInput, NotFound
from contracts.plan import load_plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceStatus
from memory.rows import value_row
from storage.database import Database, Statement
from storage.rows import ValueRow, insert_plan, insert_run, insert_trace, insert_value, update_run
from traces.rows import plan_row, run_row, trace_of, trace_row, trace_text
from traces.runs_store import RunStore
from traces.store import TraceStore

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
        inputs={"bids": [1]},
        priority=7,
        approval="plan",
        parent_id="r8",
        deadline_ms=9,
        is_redacted=True,
        cancel_reason="enough",
        subtasks={"a": TraceStatus.FAILURE},
    )


def keep_run(database: Database, run: Run) -> None:
    kept, plan = run_row(run), plan_row(run.plan) if run.plan else None
    statements = [*([insert_plan(plan.row)] if plan else []), insert_run(kept.row)]
    database.commit(statements, blobs=[*kept.blobs, *(plan.blobs if plan else ())]).result(10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_input=JSON, output=JSON)
def test_a_trace_comes_back_from_its_row_unchanged(
    make_trace: MakeTrace, given_input: Any, output: Any
) -> None:
    trace = make_trace(input=given_input, output=output)
    row = trace_row(trace, event_id=2).row

    assert trace_of(row.body) == trace
    assert list(json.loads(row.body)) == NINE
    assert len(row.preview) <= 200
    assert row.preview.isprintable()


def test_a_row_carries_what_lists_need(make_trace: MakeTrace) -> None:
    trace = make_trace(
        status="failure", metadata={"attempt": 2, "item_index": 3, "started_ms": 7}, agent_type="time"
    )
    row = trace_row(trace, event_id=9, next_ms=99, ended=TraceStatus.FAILURE).row

    assert (row.run_id, row.subtask_id, row.attempt, row.item_index) == ("r1", "look", 2, 3)
    assert (row.agent_type, row.status, row.error_code) == ("time", "failure", "scrape.http_status")
    assert (row.started_ms, row.duration_ms, row.preview) == (7, 2.5, "it said 404")
    assert (row.event_id, row.next_ms, row.ended) == (9, 99, "failure")


def test_an_older_trace_without_milliseconds_starts_at_its_timestamp(make_trace: MakeTrace) -> None:
    assert trace_row(make_trace(timestamp=12), event_id=2).row.started_ms == 12_000


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
    assert trace_row(make_trace(output=output), event_id=2).row.preview == preview


@pytest.mark.parametrize("output", ["x" * 500, list(range(1000)), {"k" * 900: 1}])
def test_a_long_preview_is_cut_visibly(make_trace: MakeTrace, output: Any) -> None:
    preview = trace_row(make_trace(output=output), event_id=2).row.preview

    assert len(preview) == 200
    assert preview.endswith("…")


@pytest.mark.parametrize("output", [math.nan, [math.inf], {"a": {"b": -math.inf}}])
def test_a_trace_that_is_no_json_makes_no_row(make_trace: MakeTrace, output: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        trace_row(make_trace(output=output), event_id=2)
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
    body = trace_row(make_trace(), event_id=2).row.body.replace('"success"', '"great"')

    with pytest.raises(InvalidInput) as refused:
        trace_of(body)
    assert refused.value.code == "trace.malformed"
    assert "/status" in refused.value.message


def test_a_run_comes_back_from_the_database_unchanged(database: Database, whole_run: Run) -> None:
    keep_run(database, whole_run)

    with database.reader() as reader:
        found = RunStore(reader).get("r9")
    assert found == whole_run
    assert found.plan is not None
    assert whole_run.plan is not None
    assert found.plan.as_json() == whole_run.plan.as_json()


def test_a_run_is_read_in_its_newest_state(database: Database, whole_run: Run) -> None:
    bare = Run(run_id="r1", objective="o", state=RunState.QUEUED)
    database.commit([update_run(run_row(bare).row)]).result(10)
    changed = whole_run.model_copy(update={"run_id": "r1", "plan": None})
    database.commit([update_run(run_row(changed).row)]).result(10)

    with database.reader() as reader:
        assert RunStore(reader).get("r1").state is RunState.FAILED


def test_a_run_changed_by_somebody_else_is_damaged(database: Database) -> None:
    database.commit([Statement("UPDATE run SET policy = '[]' WHERE run_id = 'r1'")]).result(10)

    with database.reader() as reader, pytest.raises(Damaged) as refused:
        RunStore(reader).get("r1")
    assert refused.value.where == "run r1"


def test_a_run_whose_plan_is_gone_or_changed_is_damaged(database: Database, whole_run: Run) -> None:
    keep_run(database, whole_run)
    changes = ["UPDATE plan SET body = replace(body, 'look', 'leap')", "DELETE FROM plan"]
    for change in changes:
        database.commit([Statement(change)]).result(10)
        with database.reader() as reader, pytest.raises(Damaged) as refused:
            RunStore(reader).get("r9")
        assert refused.value.where.startswith("plan ")


def test_long_texts_of_a_run_are_kept_beside_it(database: Database, whole_run: Run) -> None:
    assert whole_run.plan is not None
    plan = whole_run.plan.model_copy(update={"inputs": {"text": "é" * 100_000}})
    long = whole_run.model_copy(
        update={"result": "r" * 100_000, "inputs": {"k": "i" * 100_000}, "plan": plan}
    )
    keep_run(database, long)

    with database.reader() as reader:
        assert RunStore(reader).get("r9") == long
        assert reader.query("SELECT count(*) FROM blob")[0][0] == 3
        assert reader.query("SELECT max(length(objective) + length(inputs_blob)) FROM run")[0][0] < 200


def test_long_inputs_and_outputs_are_kept_beside_their_trace(
    database: Database, make_trace: MakeTrace
) -> None:
    trace = make_trace(input={"text": "i" * 100_000}, output=["o" * 100_000, 1.5, None])
    kept = trace_row(trace, event_id=2)
    database.commit([insert_trace(kept.row)], blobs=kept.blobs).result(10)

    assert len(kept.row.body) < 1000
    assert kept.row.preview.startswith('["ooo')
    with database.reader() as reader:
        assert TraceStore(reader).get("t1") == trace
        assert list(TraceStore(reader).whole_of_run("r1")) == [trace]
    database.commit([Statement("UPDATE blob SET body = x'00'")]).result(10)
    with database.reader() as reader, pytest.raises(Damaged):
        TraceStore(reader).get("t1")


def test_a_run_of_another_version_is_malformed(database: Database, whole_run: Run) -> None:
    row = replace(run_row(whole_run).row, policy="[]", plan_id=None)
    database.commit([insert_run(row)]).result(10)

    with database.reader() as reader, pytest.raises(InvalidInput) as refused:
        RunStore(reader).get("r9")
    assert refused.value.code == "run.malformed"


def test_an_unknown_run_is_not_found_and_its_name_is_cut(database: Database) -> None:
    with database.reader() as reader, pytest.raises(NotFound) as missing:
        RunStore(reader).get("x" * 10_000)
    assert missing.value.code == "run.unknown"
    assert len(missing.value.message) < 200


def test_a_runs_values_are_read_with_who_wrote_them(database: Database) -> None:
    long = value_row("r1", "c", json.dumps("v" * 100_000), by="look")
    assert long.blob is not None
    database.commit([insert_value(ValueRow("r1", "b", "look", False, "[1]"))])
    database.commit([insert_value(long.row)], blobs=[long.blob])
    database.commit([insert_value(ValueRow("r1", "a", "inputs", False, "null"))]).result(10)

    with database.reader() as reader:
        store = RunStore(reader)
        assert store.values("r1") == {"a": None, "b": [1], "c": "v" * 100_000}
        assert store.writers("r1") == {"a": "inputs", "b": "look", "c": "look"}
        assert store.values("r2") == {}


@pytest.mark.parametrize("change", ["value = '[2]'", "written_by = 'x'", "value = NULL", "blob = 'ab'"])
def test_a_changed_value_is_damage(database: Database, change: str) -> None:
    database.commit([insert_value(ValueRow("r1", "b", "look", False, "[1]"))])
    database.commit([Statement(f"UPDATE value SET {change}")]).result(10)

    with database.reader() as reader, pytest.raises(Damaged) as refused:
        RunStore(reader).values("r1")
    assert refused.value.where == "value r1 b"
