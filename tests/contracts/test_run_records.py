"""Runs and traces as they are kept and shown: bounded, closed, and the same after any number of trips."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from pydantic import ValidationError

from contracts.jsontext import json_text, json_value
from contracts.plan import load_plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus

PLAN = load_plan(
    {
        "objective": "x",
        "inputs": {"n": 10**30},
        "subtasks": [
            {
                "id": "a",
                "objective": "o",
                "required_agent": "data",
                "dependencies": [],
                "input_keys": ["n"],
                "output_key": "k",
                "timeout_s": 1.5,
                "bind": {"p": {"literal": None}},
            }
        ],
    }
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just("é\n"),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "", "é"]), inner, max_size=2)
    ),
    max_leaves=5,
)
ERRORS = st.builds(
    ErrorRecord,
    code=st.just("a.b"),
    message=st.just("m"),
    data=st.dictionaries(st.just("d"), JSON),
    hint=st.just("h"),
)
MOMENTS = st.integers(10**14, 3 * 10**16).map(lambda us: datetime.fromtimestamp(us / 1_000_000, UTC))
RUNS = st.builds(
    Run,
    run_id=st.just("r"),
    objective=st.just("é"),
    state=st.sampled_from(RunState),
    inputs=st.dictionaries(st.sampled_from("ab"), JSON, max_size=2),
    plan=st.sampled_from([None, PLAN]),
    policy=st.just(Policy(hosts=("a.example",), grants=(Grant(kind="folder", value="/x", by="flag"),))),
    now=st.none() | MOMENTS,
    result=JSON,
    error=st.none() | ERRORS,
    subtasks=st.dictionaries(st.sampled_from("ab"), st.sampled_from(TraceStatus), max_size=2),
    priority=st.integers(-100, 100),
    deadline_ms=st.none() | st.integers(0, 2**53),
)
TRACES = st.builds(
    ExecutionTrace,
    trace_id=st.just("t" * 64),
    task_id=st.just("r" * 128),
    agent_type=st.sampled_from(["data", "wasm:x"]),
    input=JSON,
    output=JSON,
    expected_output=JSON,
    status=st.sampled_from(TraceStatus),
    timestamp=st.integers(-1, 2**40),
    metadata=st.builds(
        TraceMetadata,
        subtask_id=st.sampled_from(["", "s"]),
        attempt=st.integers(0, 9),
        item_index=st.none() | st.integers(0, 9),
        queued_ms=st.integers(0, 9) | st.floats(0, 9),
        score=st.none() | st.floats(0, 1),
        error=ERRORS,
        warnings=st.just(("w",)),
        usage=st.dictionaries(st.just("fuel"), JSON, max_size=1),
        something_newer=JSON,
    ),
)


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_a_run_comes_back_from_its_text_as_the_run_it_was(run: Run) -> None:
    text = run.model_dump_json(exclude_unset=True)
    again = Run.model_validate_json(text)
    assert again == run
    assert again.model_dump_json(exclude_unset=True) == text


@settings(max_examples=60, deadline=None)
@given(TRACES)
def test_a_trace_comes_back_with_even_the_fields_this_version_does_not_know(trace: ExecutionTrace) -> None:
    document: Any = trace.as_json()
    again = ExecutionTrace.model_validate(json_value(json_text(document)))
    assert again == trace
    assert again.as_json() == document
    assert "something_newer" in document["metadata"]


def test_a_plan_in_a_run_keeps_its_name_through_storage() -> None:
    run = Run(run_id="r", objective="x", state=RunState.RUNNING, plan=PLAN)
    kept = Run.model_validate_json(run.model_dump_json(exclude_unset=True)).plan
    assert kept is not None
    assert load_plan(kept.as_json()) == PLAN


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 101},
        {"priority": -101},
        {"priority": 0.5},
        {"approval": "never"},
        {"state": "paused"},
        {"subtasks": {"a": "done"}},
        {"inputs": []},
        {"now": "yesterday"},
        {"error": {"code": "a.b"}},
        {"error": {"code": "a.b", "message": "m", "extra": 1}},
        {"plan": {"objective": "x"}},
        {"surprise": 1},
    ],
)
def test_a_run_that_says_what_no_run_says_is_refused(change: dict[str, Any]) -> None:
    good = {"run_id": "r", "objective": "x", "state": "queued"}
    Run.model_validate(good)
    with pytest.raises(ValidationError):
        Run.model_validate(good | change)


def test_a_new_run_waits_with_nobody_asked_and_nothing_reached() -> None:
    shown = Run(run_id="r", objective="x", state=RunState.QUEUED).model_dump(mode="json")
    assert shown == snapshot(
        {
            "run_id": "r",
            "objective": "x",
            "state": "queued",
            "inputs": {},
            "plan": None,
            "policy": {
                "hosts": [],
                "grants": [],
                "limits": {
                    "wire_bytes": 10485760,
                    "decoded_bytes": 10485760,
                    "timeout_s": 30.0,
                    "redirects": 5,
                },
            },
            "now": None,
            "home_zone": "UTC",
            "created_ms": 0,
            "started_ms": None,
            "ended_ms": None,
            "result": None,
            "error": None,
            "subtasks": {},
            "priority": 0,
            "approval": "auto",
            "parent_id": None,
            "root_id": None,
            "deadline_ms": None,
            "left_ms": None,
            "is_redacted": False,
            "cancel_reason": None,
        }
    )


TRACE: dict[str, Any] = {
    "trace_id": "t",
    "task_id": "r",
    "agent_type": "data",
    "status": "success",
    "timestamp": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"trace_id": ""},
        {"trace_id": "t" * 65},
        {"task_id": ""},
        {"task_id": "r" * 129},
        {"timestamp": 1.5},
        {"timestamp": None},
        {"agent_type": None},
        {"metadata": {"attempt": -1}},
        {"metadata": {"usage": []}},
        {"metadata": {"error": {"code": "x"}}},
        {"metadata": []},
        {"status": "timeout"},
        {"status": "failure", "metadata": {"score": 1}},
        {"status": ["Success"]},
        {"status": {"PartialSuccess": "half"}},
        {"status": "Success", "metadata": [1]},
    ],
)
def test_a_trace_that_says_what_no_trace_says_is_refused(change: dict[str, Any]) -> None:
    ExecutionTrace.model_validate(TRACE)
    with pytest.raises(ValidationError):
        ExecutionTrace.model_validate(TRACE | change)


@pytest.mark.parametrize("status", TraceStatus)
def test_only_a_success_whole_or_partial_lets_others_go_on(status: TraceStatus) -> None:
    assert status.has_output == (status.value in {"success", "partial_success"})


def test_an_older_failure_keeps_what_else_its_metadata_said() -> None:
    old = TRACE | {"status": {"Failure": "broke"}, "metadata": {"attempt": 3, "cluster": "b"}}
    assert ExecutionTrace.model_validate(old).as_json()["metadata"] == snapshot(
        {"attempt": 3, "error": {"code": "legacy.failure", "message": "broke"}, "cluster": "b"}
    )


def test_an_older_trace_without_metadata_is_read_and_written_anew() -> None:
    trace = ExecutionTrace.model_validate(TRACE | {"status": {"PartialSuccess": 1}, "metadata": None})
    assert trace.as_json() == snapshot(
        {
            "trace_id": "t",
            "task_id": "r",
            "agent_type": "data",
            "input": None,
            "output": None,
            "expected_output": None,
            "status": "partial_success",
            "timestamp": 1,
            "metadata": {"score": 1.0},
        }
    )


def test_reading_an_older_trace_leaves_the_document_as_it_was() -> None:
    old = TRACE | {"status": {"Failure": "broke"}, "metadata": {"attempt": 2}}
    before = json.dumps(old)
    ExecutionTrace.model_validate(old)
    assert json.dumps(old) == before
