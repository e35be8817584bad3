"""The words of the journal's door: what an entry holds, what a receipt tells, what ends a run."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.agent import Parked
from contracts.errors import CallsheetError, Damaged, Fenced, OutOfSpace
from contracts.journal import Entry, Event, Intent, Receipt, Signal, Value, Wait
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceStatus

WAIT = Wait("s", None, "signal", "go", None, 1)
RECEIPT = Receipt("t", "s", "data", TraceStatus.SUCCESS, 1, None, 1000)
PARTS: dict[str, Any] = {
    "receipts": [RECEIPT],
    "values": [Value("k", "1", "s")],
    "intents": [Intent("s", None, 1, "key", 1)],
    "waits": [WAIT],
    "ended_waits": [WAIT],
    "taken": [Signal("r", "s1", "go", None, 1)],
    "events": [Event(0, "running", 1)],
    "run": Run(run_id="r", objective="x", state=RunState.RUNNING),
    "is_awake": True,
}


def test_an_entry_that_holds_nothing_is_empty() -> None:
    assert Entry("r", 1).is_empty


@pytest.mark.parametrize("part", PARTS)
def test_an_entry_that_holds_anything_is_not_empty(part: str) -> None:
    assert not Entry("r", 1, **{part: PARTS[part]}).is_empty


@pytest.mark.parametrize("part", [*PARTS, "wake_ms"])
def test_an_entry_is_an_attempt_when_it_holds_receipts_and_values_alone(part: str) -> None:
    given = {**PARTS, "wake_ms": 5}
    entry = Entry("r", 1, receipts=[RECEIPT], **{k: v for k, v in given.items() if k == part != "receipts"})
    assert entry.is_attempt == (part in {"receipts", "values"})


def test_every_part_of_an_entry_is_looked_at() -> None:
    assert {f.name for f in fields(Entry)} == {*PARTS, "run_id", "epoch", "wake_ms", "is_awaited"}


def test_a_receipt_tells_the_trace_all_it_knows() -> None:
    error = ErrorRecord(code="x.y", message="m")
    receipt = Receipt(
        "t", "s", "data", TraceStatus.TIMEOUT, 3, 4, 5999, {"a": 1}, [2], "[2]", "k", 1.5, 2.5, "1.0.0", "pure",
        "look", "f" * 64, 0.5, error, ("w",), "log", {"fuel": 7}, 9, TraceStatus.TIMEOUT, 11,
    )  # fmt: skip
    trace = receipt.as_trace("r")
    assert (trace.task_id, trace.timestamp, trace.input, trace.output) == ("r", 5, {"a": 1}, [2])
    about = trace.metadata
    assert (about.attempt, about.item_index, about.started_ms, about.score, about.log) == (
        3,
        4,
        5999,
        0.5,
        "log",
    )
    assert (about.queued_ms, about.duration_ms, about.usage, about.warnings) == (
        1.5,
        2.5,
        {"fuel": 7},
        ("w",),
    )
    assert (about.agent_version, about.effect, about.objective) == ("1.0.0", "pure", "look")
    assert (about.plan_id, about.error, about.subtask_id) == ("f" * 64, error, "s")
    assert ExecutionTrace.model_validate(trace.as_json()) == trace


def test_a_wait_names_a_signal_or_a_time() -> None:
    with pytest.raises(ValueError, match="name a signal, a time, or both"):
        Parked()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert (Parked(signal="go").until, Parked(until=moment).signal) == (None, None)


@pytest.mark.parametrize("state", RunState)
def test_a_state_is_final_when_nothing_more_will_happen(state: RunState) -> None:
    assert state.is_final == (state.value in {"succeeded", "failed", "cancelled", "rejected"})


@pytest.mark.parametrize(
    ("kind", "status", "exit_code", "retryable"),
    [(Fenced, 409, 5, False), (OutOfSpace, 507, 5, True), (Damaged, 500, 1, False)],
)
def test_what_a_caller_does_next_follows_from_the_class(
    kind: type[CallsheetError], status: int, exit_code: int, *, retryable: bool
) -> None:
    error = kind("x.y", "m")
    assert (error.http_status, error.exit_code, error.retryable) == (status, exit_code, retryable)
