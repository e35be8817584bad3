"""Each question to a model for a run's plan is kept as a trace of the run, before the plan, and when none comes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import InvalidPlan, Problem, Unavailable
from contracts.plan import Plan, load_plan
from contracts.planning_call import PlanningCall, tell
from contracts.replanning import Failed
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from dispatcher.planning_receipts import MAX_REPLY
from tests.dispatcher.acting import CANARY, hang, step
from tests.dispatcher.test_replanning import failing, furnish, mend

CALL = PlanningCall(
    "plan",
    1,
    "ab" * 32,
    4321,
    '{"subtasks": []}',
    "small-1",
    "stop",
    "grammar",
    repairs=({"code": "fence", "path": ""},),
    usage={"prompt_tokens": 30, "completion_tokens": 12, "cached_tokens": 8, "tokens": 42, "usd": 0.01},
    timings={"total_ms": 812.5, "ttft_ms": 90.0, "throughput_tok_s": 20.1, "tokens_generated": 12},
    tries=2,
)
PROBLEM = {"code": "plan.shape", "path": "/subtasks", "message": "a plan has at least one subtask"}
REFUSED = replace(CALL, repairs=(), problems=(PROBLEM, PROBLEM), reply="no plan at all")
UNANSWERED = PlanningCall("plan", 1, "cd" * 32, 10, error_code="provider.unreachable", error_message="gone")


def plan_of(*subtasks: Any, **more: Any) -> Plan:
    return load_plan({"objective": "x", "subtasks": list(subtasks) or [step("a")], **more})


def asking(*calls: PlanningCall, gives: Any = None) -> Any:
    """Return a planner that asks so often before it gives its plan, or fails."""

    async def plan(run: Run) -> Plan:
        for call in calls:
            await asyncio.sleep(0)
            tell(call)
        if isinstance(gives, BaseException):
            raise gives
        return gives or plan_of()

    return plan


async def planned(rig: Any, planner: Any) -> Run:
    rig.planner = planner
    run = rig.new_run(step("a")).model_copy(update={"plan": None})
    await rig.engine.submit(run)
    ended: Run = await rig.end_of(run.run_id)
    return ended


def asked(rig: Any, run: Run) -> list[Any]:
    return [t for t in rig.kept(run.run_id) if t.agent_type == "planner"]


async def test_a_planning_call_is_a_trace_that_tells_all_but_the_prompt(rig: Any) -> None:
    run = await planned(rig, asking(CALL))
    assert run.state is RunState.SUCCEEDED
    (trace,) = asked(rig, run)
    m = trace.metadata
    assert trace.input == {"purpose": "plan", "prompt_sha256": "ab" * 32, "prompt_chars": 4321}
    assert (trace.output, trace.status, m.subtask_id, m.attempt) == (CALL.reply, "success", "", 1)
    assert (m.usage, m.duration_ms) == (dict(CALL.usage), 812.5)
    assert m.planning == {
        "model": "small-1",
        "form": "grammar",
        "finish_reason": "stop",
        "tries": 2,
        "repairs": [{"code": "fence", "path": ""}],
        "timings": dict(CALL.timings),
    }


async def test_a_call_is_kept_before_the_plan_it_led_to(rig: Any) -> None:
    run = await planned(rig, asking(REFUSED, replace(CALL, round=2)))
    kinds = rig.kinds(run.run_id)
    assert kinds[:5] == ["queued", "planning", "attempt_ended", "attempt_ended", "planned"]
    assert [(t.metadata.attempt, t.status.value) for t in asked(rig, run)] == [(1, "failure"), (2, "success")]
    assert rig.statuses(run.run_id) == {"a": "success"}


@pytest.mark.parametrize(
    ("call", "gives", "status", "code"),
    [
        (REFUSED, InvalidPlan([Problem("plan.shape", "", "no")]), TraceStatus.FAILURE, "plan.shape"),
        (
            UNANSWERED,
            Unavailable("provider.unreachable", "gone"),
            TraceStatus.FAILURE,
            "provider.unreachable",
        ),
        (
            replace(UNANSWERED, error_code="provider.timeout"),
            ZeroDivisionError(),
            "timeout",
            "provider.timeout",
        ),
    ],
)
async def test_a_call_that_led_to_no_plan_is_kept_too(
    rig: Any, call: PlanningCall, gives: Exception, status: str, code: str
) -> None:
    run = await planned(rig, asking(call, gives=gives))
    assert run.state is RunState.FAILED
    (trace,) = asked(rig, run)
    assert (trace.status, trace.metadata.error.code) == (status, code)
    assert trace.output == (call.reply or None)


async def test_two_runs_planned_at_once_keep_each_its_own_calls(rig: Any) -> None:
    gate = asyncio.Event()

    async def plan(run: Run) -> Plan:
        tell(replace(CALL, reply=run.run_id))
        await gate.wait()
        tell(replace(CALL, reply=run.run_id, round=2))
        return plan_of()

    rig.planner = plan
    runs = [rig.new_run(step("a")).model_copy(update={"plan": None}) for _ in range(4)]
    for run in runs:
        await rig.engine.submit(run)
    gate.set()
    for run in runs:
        await rig.end_of(run.run_id)
        assert [t.output for t in asked(rig, run)] == [run.run_id] * 2


async def test_a_run_cancelled_while_a_model_is_asked_tells_of_the_question(rig: Any) -> None:
    async def plan(run: Run) -> Plan:
        try:
            await hang(run)
        finally:
            tell(replace(UNANSWERED, error_code="planner.interrupted"))
        return plan_of()

    rig.planner = plan
    run = rig.new_run(step("a")).model_copy(update={"plan": None})
    await rig.engine.submit(run)
    await rig.until(lambda: rig.engine.status(run.run_id) == "active")
    await asyncio.sleep(0)
    await rig.engine.cancel(run.run_id, "enough")
    ended = await rig.end_of(run.run_id)
    assert (ended.state, [t.metadata.error.code for t in asked(rig, run)]) == (
        RunState.CANCELLED,
        ["planner.interrupted"],
    )


@pytest.mark.parametrize("units", range(1, 9))
async def test_after_a_kill_while_planning_the_run_goes_on_and_what_was_kept_stays(
    make_rig: Any, units: int
) -> None:
    rig = make_rig()
    rig.planner = asking(REFUSED, replace(CALL, round=2))
    rig.database.left = units
    run = rig.new_run(step("a")).model_copy(update={"plan": None})
    submitting = asyncio.create_task(rig.engine.submit(run))
    ending = asyncio.create_task(rig.engine.wait(run.run_id, 10)) if units > 8 else submitting
    dying = asyncio.create_task(rig.database.died.wait())
    await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
    if not rig.database.died.is_set():
        waiting = asyncio.create_task(rig.engine.wait(run.run_id, 10))
        await asyncio.wait({waiting, dying}, return_when=asyncio.FIRST_COMPLETED)
    await rig.die()
    again = make_rig()
    again.planner = asking(CALL)
    before = again.attempts(run.run_id)
    again.work()
    ended = await again.end_of(run.run_id)
    assert ended.state is RunState.SUCCEEDED
    after = again.attempts(run.run_id)
    assert after[: len(before)] == before
    assert [a for a in after if a[0]] == [("a", None, 1, "success")]
    lines = again.lines(run.run_id)
    assert [line.event_id for line in lines] == list(range(1, len(lines) + 1))


async def test_a_secret_in_a_reply_is_not_kept(make_rig: Any) -> None:
    rig = make_rig(secrets=[CANARY])
    problem = {**PROBLEM, "message": f"no {CANARY}"}
    call = replace(CALL, reply=f"take {CANARY}", model=CANARY, problems=(problem,), repairs=({"is": CANARY},))
    run = await planned(rig, asking(call, replace(UNANSWERED, error_message=f"401: {CANARY}")))
    assert [t.output for t in asked(rig, run)] == ["take [redacted]", None]
    assert CANARY not in repr(rig.kept(run.run_id))


async def test_a_reply_too_long_to_keep_is_told_by_its_hash(rig: Any) -> None:
    run = await planned(
        rig, asking(replace(CALL, reply="x" * (MAX_REPLY + 1)), replace(CALL, reply="\ud800"))
    )
    long, odd = asked(rig, run)
    assert (long.output["chars"], len(long.output["sha256"])) == (MAX_REPLY + 1, 64)
    assert (len(long.metadata.warnings), odd.output) == (1, "?")


async def test_a_replanning_call_is_kept_under_the_plan_it_was_for(rig: Any, make_step: Any) -> None:
    furnish(rig)

    async def by_model(failed: Failed) -> Plan:
        tell(replace(CALL, purpose="replan"))
        return await mend(failed)

    rig.replanner = by_model
    run = await rig.run(*failing(make_step), result_key="k_c")
    (trace,) = asked(rig, run)
    assert run.state is RunState.SUCCEEDED
    assert (trace.input["purpose"], trace.metadata.plan_id) == ("replan", run.plan.parent)
    kinds = rig.kinds(run.run_id)
    assert kinds.index("replanning") < rig.lines(run.run_id).index(
        next(line for line in rig.lines(run.run_id) if line.body.get("agent_type") == "planner")
    )


async def test_what_a_planner_tells_after_the_run_has_ended_changes_nothing(rig: Any, make_step: Any) -> None:
    furnish(rig)
    late: list[Any] = []

    async def stubborn(failed: Failed) -> Plan:
        try:
            await hang(failed)
        finally:
            late.append(asyncio.get_running_loop().call_later(0.02, tell, CALL))
        return await mend(failed)

    rig.replanner = stubborn
    run_id = await rig.start(*failing(make_step))
    await rig.until(lambda: rig.failures)
    await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    await rig.until(lambda: late and late[0].when() < asyncio.get_running_loop().time())
    assert (run.state, asked(rig, run)) == (RunState.CANCELLED, [])
    assert (await rig.run(make_step("a"))).state is RunState.SUCCEEDED
