from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from contracts.journal import Wait
from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, TraceStatus
from service.exit_code import exit_code
from service.objectives_lines import MAX_ROWS, event_text, plan_lines, run_line, run_lines
from service.progress import MANY, MAX_WAITS, Progress, wait_text
from tests.service.desk_at_hand import NOON, PLAN
from traces.events import EventLine
from traces.redaction import Redactor

HOSTILE = "\x1b[31mred\x07 \u202etxt\nnext"


def run(**more: Any) -> Run:
    return Run(
        **{"run_id": "r1", "objective": "find trucks", "state": RunState.RUNNING, "created_ms": NOON, **more}
    )


def wait(subtask: str = "", **more: Any) -> Wait:
    whole = {"item_index": None, "kind": "approval", "name": "", "until_ms": None, "since_ms": NOON}
    return Wait(subtask, **{**whole, **more})


def event(kind: str, **body: Any) -> EventLine:
    return EventLine(7, kind, NOON, body)


@pytest.mark.parametrize(
    ("state", "code", "number"),
    [
        (RunState.SUCCEEDED, None, 0),
        (RunState.FAILED, "run.failed", 1),
        (RunState.FAILED, "run.deadline", 6),
        (RunState.CANCELLED, "run.cancelled", 1),
        (RunState.REJECTED, "run.rejected", 4),
        (RunState.AWAITING_APPROVAL, None, 4),
    ],
)
def test_the_exit_code_tells_how_a_run_stands(state: RunState, code: str | None, number: int) -> None:
    assert exit_code(run(state=state, error=ErrorRecord(code=code, message="x") if code else None)) == number


@pytest.mark.parametrize(
    ("waiting", "text"),
    [
        (wait(), "the plan waits for approval: callsheet objectives approve r1"),
        (wait("send"), "subtask send waits for approval: callsheet objectives approve r1 --subtask send"),
        (
            wait("pay", kind="signal", name="paid", item_index=2),
            "subtask pay[2] waits for signal paid: callsheet objectives signal r1 paid",
        ),
        (wait("nap", kind="timer", until_ms=NOON), "subtask nap waits until 2026-11-17T12:00:00Z"),
    ],
)
def test_a_wait_names_the_command_that_ends_it(waiting: Wait, text: str) -> None:
    assert wait_text(waiting, "r1") == text


def test_an_attempt_is_told_with_how_it_went() -> None:
    about = {
        "subtask_id": "photos",
        "item_index": 3,
        "agent_type": "vision",
        "attempt": 2,
        "duration_ms": 12.4,
    }
    text, style = event_text(
        event("attempt_ended", **about, status="timeout", error_code="attempt.timeout", next_ms=NOON)
    )
    assert (
        text == "    7  12:00:00Z  ⧖ photos[3]  vision  attempt 2, 12 ms  attempt.timeout  again at 12:00:00Z"
    )
    assert style == "red"


def test_other_events_are_told_with_what_they_are_about() -> None:
    assert event_text(event("awaiting_approval", approvals=["a"], n=1)) == (
        "    7  12:00:00Z  awaiting approval  n=1", "yellow",
    )  # fmt: skip
    assert event_text(event("succeeded"))[1] == "green"


@pytest.mark.parametrize(
    "line",
    [
        event_text(event("signalled", name=HOSTILE))[0],
        event_text(event("attempt_ended", status="success", subtask_id=HOSTILE, agent_type=HOSTILE))[0],
        event_text(event("attempt_ended", status="odd", subtask_id="a"))[0],
        run_line({"run_id": "r1", "state": "running", "created_ms": NOON, "objective": HOSTILE}),
        *run_lines(
            run(objective=HOSTILE, cancel_reason=HOSTILE, error=ErrorRecord(code="a.b", message=HOSTILE)), ()
        ),
    ],
)
def test_nothing_a_run_says_drives_the_terminal(line: str) -> None:
    assert line.isprintable()


def test_a_run_is_told_with_its_plan_and_what_it_waits_for() -> None:
    shown = list(
        run_lines(
            run(plan=load_plan(PLAN), subtasks={"list_pages": TraceStatus.SUCCESS}, parent_id="r0"),
            [wait("photos")],
        )
    )
    assert shown[0] == "r1  running"
    assert "retries:   r0" in shown
    assert any(line.startswith("success          list_pages  scrape") for line in shown)
    assert any(line.startswith("-                photos      vision") for line in shown)
    assert shown[-1].endswith("callsheet objectives approve r1 --subtask photos")


def test_a_long_plan_is_cut_with_the_way_to_the_rest() -> None:
    step = PLAN["subtasks"][0]
    steps: Any = [{**step, "id": f"s{i}", "output_key": f"k{i}"} for i in range(MAX_ROWS + 5)]
    lines = list(plan_lines(run(plan=load_plan({"objective": "many", "subtasks": steps}))))
    assert len(lines) == MAX_ROWS + 3
    assert lines[-1] == "… and 5 more; --json prints all"


def said(tell: Any) -> str:
    out = io.StringIO()
    tell(Progress(Console(file=out, width=200), Redactor(())))
    return out.getvalue()


def test_what_was_left_over_is_said_with_the_way_on() -> None:
    assert said(lambda p: p.left_over(0)) == ""
    assert "1 run was left unfinished" in said(lambda p: p.left_over(1))
    assert "1,000 or more runs" in said(lambda p: p.left_over(MANY))
    assert "callsheet run --resume all" in said(lambda p: p.left_over(2))


def test_of_many_waits_some_are_told() -> None:
    text = said(lambda p: p.waits(run(), [wait(f"s{i}") for i in range(MAX_WAITS + 3)]))
    assert text.count("waits for approval") == MAX_WAITS
    assert "and 3 more: callsheet objectives show r1" in text
    assert "callsheet run --resume r1" in text
