"""Draining leaves runs to the next process; submitting and planning fail without harm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import Conflict, Unavailable
from contracts.run import Run, RunState
from tests.dispatcher.acting import hang


async def test_draining_leaves_runs_unfinished_and_takes_nothing_new(
    make_rig: Any, rig: Any, make_step: Any
) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("done"), make_step("a", "done", agent="hang"))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.engine.drain(0.01)
    assert rig.ended(run_id).state is RunState.RUNNING
    assert rig.attempts(run_id) == [("done", None, 1, "success"), ("a", None, 1, "cancelled")]
    with pytest.raises(Unavailable) as caught:
        await rig.start(make_step("a"))
    assert caught.value.code == "engine.draining"
    await rig.close()

    again = make_rig()
    again.agents.add("hang", again.agents.known["echo"].body)
    again.work()
    run = await again.end_of(run_id)
    assert run.state is RunState.SUCCEEDED
    assert again.attempts(run_id)[-1] == ("a", None, 2, "success")
    assert [c.subtask_id for c in again.agents.known["echo"].calls] == [], "what was done is not done again"


async def test_draining_gives_attempts_under_way_their_time(rig: Any, make_step: Any) -> None:
    release = asyncio.Event()

    async def slow(call: AgentCall) -> Any:
        await release.wait()
        return 1

    rig.agents.add("slow", slow)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a"))
    await rig.until(lambda: rig.agents.known["slow"].calls)
    draining = asyncio.create_task(rig.engine.drain(5))
    release.set()
    await draining
    assert rig.attempts(run_id) == [("a", None, 1, "success")], "nothing new is begun"
    assert rig.ended(run_id).state is RunState.RUNNING


async def test_draining_tells_those_who_wait_that_it_is_not_over(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    rig.work()
    waiting = asyncio.create_task(rig.engine.wait(run_id))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.engine.drain(0)
    assert await waiting is False
    await rig.worker


async def test_a_cancel_while_draining_is_not_told_that_the_run_has_ended(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"))
    rig.work()
    await rig.until(lambda: rig.engine.status(run_id) == "parked")
    await rig.engine.drain(0)
    with pytest.raises(Unavailable) as refused:
        await rig.engine.cancel(run_id, "enough")
    assert refused.value.code == "engine.draining"
    assert not await rig.engine.cancel("nobody", "enough")


async def test_draining_while_a_plan_is_made_leaves_it_to_the_next_worker(
    make_rig: Any, rig: Any, make_step: Any
) -> None:
    rig.planner = hang
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await rig.until(lambda: rig.ended("p").state is RunState.PLANNING)
    await rig.close()
    again = make_rig()
    again.plans["x"] = again.new_run(make_step("a")).plan
    again.work()
    assert (await again.end_of("p")).state is RunState.SUCCEEDED
    assert again.kinds("p") == ["queued", "planning", "planned", "running", "attempt_ended", "succeeded"]


async def test_a_plan_that_cannot_be_made_fails_the_run_with_its_code(rig: Any) -> None:
    async def plan(run: Run) -> None:
        raise Unavailable("provider.unreachable", "no model")

    rig.planner = plan
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    assert (await rig.end_of("p")).error.code == "provider.unreachable"


async def test_a_planner_that_crashes_fails_its_run_and_no_other(rig: Any, make_step: Any) -> None:
    async def plan(run: Run) -> int:
        return 1 // 0

    rig.planner = plan
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    assert (await rig.end_of("p")).error.code == "internal.error"
    assert (await rig.run(make_step("a"))).state is RunState.SUCCEEDED


async def test_a_run_submitted_twice_is_refused_and_runs_once(rig: Any, make_step: Any) -> None:
    run = rig.new_run(make_step("a"))
    await rig.engine.submit(run)
    with pytest.raises(Conflict) as refused:
        await rig.engine.submit(run)
    assert refused.value.code == "run.exists"
    await rig.end_of(run.run_id)
    assert len(rig.agents.known["echo"].calls) == 1


async def test_a_run_goes_on_when_whoever_submitted_it_went_away(rig: Any, make_step: Any) -> None:
    run = rig.new_run(make_step("a"))
    asking = asyncio.create_task(rig.engine.submit(run))
    await asyncio.sleep(0)
    asking.cancel()
    await rig.until(lambda: rig.journal.state(run.run_id) is RunState.SUCCEEDED)
