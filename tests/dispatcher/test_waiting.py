"""Waiting for a time, and what goes on meanwhile: deadlines, cancelling, restarts."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from typing import Any

import pytest

from contracts.agent import AgentCall, Parked
from contracts.clock import SystemClock, unix_ms
from contracts.errors import Conflict
from contracts.run import RunState
from tests.dispatcher.acting import asks, hang


def naps_until(rig: Any, seconds: float) -> Any:
    async def naps(call: AgentCall) -> Any:
        if not call.is_due:
            raise Parked(until=rig.clock.now() + timedelta(seconds=seconds))
        return {"due": call.is_due, "signals": dict(call.signals)}

    return naps


async def test_an_agent_waits_for_a_time_and_is_told_that_it_has_come(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(clock=SystemClock())
    agent = rig.agents.add("naps", naps_until(rig, 0.05))
    rig.work()
    run_id = await rig.start(make_step("a", agent="naps"))
    run = await rig.end_of(run_id)
    assert (run.result, len(agent.calls)) == ({"due": True, "signals": {}}, 2)
    assert rig.kinds(run_id) == ["queued", "running", "parked", "attempt_ended", "succeeded"], (
        "nobody is needed"
    )


async def test_a_time_that_came_while_no_process_was_there_is_noticed(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.clock.is_held = True
    rig.agents.add("naps", naps_until(rig, 600))
    run_id = await rig.start(make_step("a", agent="naps"))
    await rig.parked(run_id)
    await rig.close()
    rig.clock.advance(601)
    again = make_rig(clock=rig.clock)
    again.agents.add("naps", naps_until(again, 600))
    again.work()
    assert (await again.end_of(run_id)).result == {"due": True, "signals": {}}


async def test_a_time_that_comes_while_others_are_being_woken_is_noticed(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.clock.is_held = True
    waiting = []
    for seconds in (600, 601):
        rig.agents.add(f"naps{seconds}", naps_until(rig, seconds))
        waiting.append(await rig.start(make_step("a", agent=f"naps{seconds}")))
        await rig.parked(waiting[-1])
    await rig.close()
    rig.clock.advance(600)
    again = make_rig(clock=rig.clock)
    for seconds in (600, 601):
        again.agents.add(f"naps{seconds}", naps_until(again, seconds))
    look = again.journal.due

    def look_slowly(**asked: Any) -> Any:
        found = look(**asked)
        again.clock.advance(2)
        return found

    again.journal.due = look_slowly
    again.work()
    assert [(await again.end_of(run_id)).state for run_id in waiting] == [RunState.SUCCEEDED] * 2


async def test_a_restart_before_its_time_wakes_nobody(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("naps", naps_until(rig, 600))
    run_id = await rig.start(make_step("a", agent="naps"))
    await rig.parked(run_id)
    await rig.close()
    again = make_rig(clock=rig.clock)
    agent = again.agents.add("naps", naps_until(again, 600))
    lines = again.lines(run_id)
    again.work()
    await again.run(make_step("b"))
    assert (again.engine.status(run_id), agent.calls, again.lines(run_id)) == ("parked", [], lines)


async def test_a_run_with_a_time_of_its_own_is_over_while_it_waits(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(clock=SystemClock())
    rig.work()
    run_id = await rig.start(make_step("a", approval="always"), budget={"wall_s": 0.1})
    run = await rig.end_of(run_id)
    assert (run.state, run.error.code) == (RunState.FAILED, "run.deadline")
    assert "awaiting_approval" in rig.kinds(run_id)


async def test_a_deadline_the_caller_gave_counts_before_the_run_begins_too(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(clock=SystemClock())
    rig.work()
    deadline = unix_ms(rig.clock.now()) + 100
    run_id = await rig.start(make_step("a"), run={"approval": "plan", "deadline_ms": deadline})
    run = await rig.end_of(run_id)
    assert (run.state, run.error.code, run.deadline_ms) == (RunState.FAILED, "run.deadline", deadline)


async def test_the_operators_clock_stands_still_for_a_person_and_runs_on_after(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(run_timeout_s=60)
    rig.clock.is_held = True
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang", approval="always"))
    run = await rig.parked(run_id)
    assert run.deadline_ms is None
    rig.clock.advance(7 * 24 * 3600)
    await rig.decide(run_id, "approve")
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.until(lambda: rig.ended(run_id).state is RunState.RUNNING)
    deadline = rig.ended(run_id).deadline_ms
    assert deadline is not None, "what runs has an end"
    assert deadline > unix_ms(rig.clock.now())


async def test_a_parked_run_can_be_cancelled(rig: Any, make_step: Any) -> None:
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", approval="always"))
    await rig.parked(run_id)
    assert await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    assert (run.state, run.error.message) == (RunState.CANCELLED, "enough")
    assert rig.statuses(run_id) == {"a": "cancelled", "b": "cancelled"}
    with pytest.raises(Conflict):
        await rig.decide(run_id, "approve")


async def test_an_effect_that_waited_before_it_began_is_not_unknown(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("asks", asks, effect="effectful")
    run_id = await rig.start(make_step("a", agent="asks"))
    await rig.parked(run_id)
    await rig.die()
    again = make_rig()
    again.agents.add("asks", asks, effect="effectful")
    again.work()
    await again.tell(run_id, "go", "now")
    run = await again.end_of(run_id)
    assert (run.state, run.result) == (RunState.SUCCEEDED, "now")
    assert again.codes(run_id) == {}


async def test_nothing_is_kept_of_those_who_waited_and_went_away(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.clock.is_held = True
    rig.agents.add("naps", naps_until(rig, 600))
    run_id = await rig.start(make_step("a", agent="naps"))
    await rig.parked(run_id)
    before = open_futures()
    await come_and_go(rig, run_id)
    assert open_futures() - before < 50


async def come_and_go(rig: Any, run_id: str) -> None:
    """Wait 50 times for a run's end, and give it up."""
    waiting = [asyncio.create_task(rig.engine.wait(run_id)) for _ in range(50)]
    await asyncio.sleep(0)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


def open_futures() -> int:
    """Return how many futures somebody still holds, and nobody has answered."""
    gc.collect()
    return sum(type(each) is asyncio.Future and not each.done() for each in gc.get_objects())
