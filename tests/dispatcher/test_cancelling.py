"""Cancelling: durable before it is acknowledged, final, and told to everything that runs."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.agent import AgentCall
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from tests.dispatcher.acting import hang


async def test_an_agent_that_finishes_as_it_is_cancelled_keeps_what_it_gave(rig: Any, make_step: Any) -> None:
    began = asyncio.Event()

    async def finishes(call: AgentCall) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done all the same"

    rig.agents.add("finishes", finishes)
    run_id = await rig.start(make_step("a", agent="finishes"), make_step("b", "a"))
    await began.wait()
    await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    assert run.state is RunState.CANCELLED
    assert rig.attempts(run_id) == [("a", None, 1, "success"), ("b", None, 0, "cancelled")]


async def test_cancelling_stops_what_runs_and_traces_what_never_started(rig: Any, make_step: Any) -> None:
    began = asyncio.Event()

    async def wait(call: AgentCall) -> None:
        began.set()
        await asyncio.Event().wait()

    rig.agents.add("wait", wait)
    run_id = await rig.start(make_step("a", agent="wait"), make_step("b", "a"), make_step("c"))
    await began.wait()
    assert await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    assert (run.state, run.error.message) == (RunState.CANCELLED, "enough")
    attempts = {sid: (status, attempt) for sid, _, attempt, status in rig.attempts(run_id)}
    assert attempts["a"] == ("cancelled", 1)
    assert attempts["b"] == ("cancelled", 0)


async def test_cancelling_is_durable_before_it_is_acknowledged(
    make_rig: Any, rig: Any, make_step: Any
) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    assert await rig.engine.cancel(run_id, "enough")
    assert rig.ended(run_id).cancel_reason == "enough"
    await rig.die()
    again = make_rig()
    calls = again.agents.add("hang", hang).calls
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, run.error.message, calls) == (RunState.CANCELLED, "enough", [])


async def test_cancelling_twice_keeps_the_first_reason_and_ends_once(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    assert await asyncio.gather(rig.engine.cancel(run_id, "one"), rig.engine.cancel(run_id, "two"))
    assert (await rig.end_of(run_id)).error.message == "one"
    assert rig.kinds(run_id).count("cancelled") == 1


async def test_cancelling_what_has_ended_or_never_was_says_so_and_changes_nothing(
    rig: Any, make_step: Any
) -> None:
    run = await rig.run(make_step("a"))
    lines = rig.lines(run.run_id)
    assert not await rig.engine.cancel(run.run_id, "late")
    assert not await rig.engine.cancel("nobody", "late")
    assert (rig.ended(run.run_id), rig.lines(run.run_id)) == (run, lines)


async def test_a_cancel_that_comes_with_the_end_says_whether_it_counts(rig: Any, make_step: Any) -> None:
    async def asks(call: AgentCall) -> Any:
        asyncio.get_running_loop().call_soon(lambda: said.append(asyncio.create_task(cancel(call.run_id))))
        return 1

    async def cancel(run_id: str) -> bool:
        accepted: bool = await rig.engine.cancel(run_id, "late")
        return accepted

    said: list[asyncio.Task[bool]] = []
    rig.agents.add("asks", asks)
    run = await rig.run(make_step("a", agent="asks"))
    assert await said[0] == (run.state is RunState.CANCELLED)


async def test_a_run_that_waits_for_its_turn_can_be_cancelled(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(active_runs=1)
    rig.agents.add("hang", hang)
    first = await rig.start(make_step("a", agent="hang"))
    waiting = await rig.start(make_step("b"))
    assert rig.engine.status(waiting) == "queued"
    assert await rig.engine.cancel(waiting, "not needed")
    assert (await rig.end_of(waiting)).state is RunState.CANCELLED
    await rig.engine.cancel(first, "over")


async def test_cancelling_a_fan_out_traces_each_element_that_had_begun_once(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(concurrency=2)
    began = asyncio.Event()

    async def wait(call: AgentCall) -> None:
        if call.item_index == 1:
            began.set()
        await asyncio.Event().wait()

    rig.agents.add("wait", wait)
    a = make_step("a", bind={"rows": {"literal": [0, 1, 2, 3]}})
    run_id = await rig.start(a, make_step("b", "a", agent="wait", foreach={"key": "k_a", "pointer": "/rows"}))
    await began.wait()
    await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    traces = [t for t in rig.kept(run_id) if t.metadata.subtask_id == "b" and t.metadata.attempt]
    assert sorted((t.metadata.item_index, t.status.value) for t in traces) == [
        (0, "cancelled"),
        (1, "cancelled"),
    ]
    assert run.subtasks["b"] is TraceStatus.CANCELLED


async def test_cancelling_while_planning_ends_the_run_as_cancelled(rig: Any) -> None:
    rig.planner = hang
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await rig.until(lambda: rig.ended("p").state is RunState.PLANNING)
    await rig.engine.cancel("p", "no")
    run = await rig.end_of("p")
    assert (run.state, run.error.message) == (RunState.CANCELLED, "no")


async def test_a_cancel_right_behind_the_plan_stops_the_run_before_it_begins(
    rig: Any, make_step: Any
) -> None:
    rig.plans["x"] = rig.new_run(make_step("a")).plan
    with rig.database.held():
        asking = asyncio.create_task(rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED)))
        await asyncio.sleep(0)
    await asking
    with rig.database.held():
        await rig.until(lambda: rig.engine._runs.active["p"]._run.plan)
        cancelling = asyncio.create_task(rig.engine.cancel("p", "enough"))
        await asyncio.sleep(0)
    assert await cancelling
    run = await rig.end_of("p")
    assert (run.state, rig.agents.known["echo"].calls) == (RunState.CANCELLED, [])
    assert [line.event_id for line in rig.lines("p")] == list(range(1, len(rig.lines("p")) + 1))


async def test_a_run_cancelled_before_its_plan_is_asked_for_is_not_planned(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(active_runs=1)
    rig.agents.add("hang", hang)
    asked = []

    async def plans(run: Run) -> Any:
        asked.append(run.run_id)

    rig.planner = plans
    first = await rig.start(make_step("a", agent="hang"))
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    assert await rig.engine.cancel("p", "enough")
    assert (await rig.end_of("p")).state is RunState.CANCELLED
    assert asked == []
    await rig.engine.cancel(first, "over")
