"""Questions to a model for a plan are traces that name no subtask: they count as a planner's, and as no step's."""

from __future__ import annotations

import pytest

from contracts.journal import Receipt
from contracts.planning_call import PLANNER
from contracts.run import RunState
from contracts.trace import ErrorRecord, TraceStatus
from storage.database import Database
from storage.rows import TraceRow, insert_trace
from traces.priors import past_of
from traces.rebuilt import rebuilt_run
from traces.receipts import receipt_row
from traces.redaction import Redactor
from traces.rows import trace_of
from traces.summary import TraceSummary

USAGE = {"prompt_tokens": 900, "completion_tokens": 106, "tokens": 1006, "usd": 0.002}


def asked(
    trace_id: str = "t1", *, event: int = 2, error: ErrorRecord | None = None, reply: str = "{}"
) -> TraceRow:
    status = TraceStatus.FAILURE if error else TraceStatus.SUCCESS
    receipt = Receipt(
        trace_id, "", PLANNER, status, 1, None, 1_000, {"purpose": "plan"}, reply,
        duration_ms=80, error=error, usage=USAGE, event_id=event, planning={"model": "m", "timings": {"ttft_ms": 9.5}},
    )  # fmt: skip
    return receipt_row("r1", receipt, Redactor(["canary-77ab01c2"])).row


def line(subtask: str, agent: str, status: TraceStatus) -> TraceSummary:
    return TraceSummary(f"t-{subtask}", "r1", subtask, agent, status, 1, None, 1_000, 80, "", None)


def test_a_run_made_of_its_trace_files_has_its_plans_subtasks_alone() -> None:
    traces = [line("", PLANNER, TraceStatus.FAILURE), line("a", "data", TraceStatus.SUCCESS)]
    run = rebuilt_run("r1", traces)
    assert (run.subtasks, run.state) == ({"a": TraceStatus.SUCCESS}, RunState.SUCCEEDED)
    assert rebuilt_run("r1", traces[:1]).state is RunState.FAILED


@pytest.mark.parametrize("error", [None, ErrorRecord(code="plan.shape", message="no")])
@pytest.mark.parametrize("reply", ["{}", "take canary-77ab01c2"])
def test_what_is_kept_of_a_question_is_read_back_whole(error: ErrorRecord | None, reply: str) -> None:
    row = asked(error=error, reply=reply)
    trace = trace_of(row.body)
    assert "canary" not in row.body + row.preview
    assert trace.metadata.planning == {"model": "m", "timings": {"ttft_ms": 9.5}}
    assert (trace.metadata.usage, trace.metadata.error, row.subtask_id) == (USAGE, error, "")


def test_what_planning_cost_is_known_of_the_planner_and_of_no_step(database: Database) -> None:
    database.commit([insert_trace(asked(f"t{n}", event=n)) for n in range(1, 4)]).result(30)
    with database.reader() as reader:
        found = past_of(reader, [PLANNER])
    assert found.agents[PLANNER].tokens == pytest.approx(1006)
    assert found.agents[PLANNER].usd == pytest.approx(0.002)
    assert found.steps == {}
