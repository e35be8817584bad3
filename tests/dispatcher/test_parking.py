"""A run that waits leaves memory, and comes back whole: whatever comes while it goes or returns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from contracts.agent import AgentCall, Parked
from contracts.clock import SystemClock, unix_ms
from contracts.journal import Signal
from contracts.run import RunState
from storage.queries import signals_of_run
from tests.dispatcher.acting import asks, hang


async def test_a_parked_run_is_in_memory_no_more(rig: Any, make_step: Any) -> None:
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", approval="always"))
    await rig.parked(run_id)
    tasks = {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert (len(rig.engine._runs.active), len(rig.engine._runs.queue), tasks) == (0, 0, set())
    await rig.tell(run_id, "go")
    await rig.decide(run_id, "approve")
    await rig.end_of(run_id)


async def test_a_signal_read_from_the_journal_is_not_handed_over_again(rig: Any, make_step: Any) -> None:
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", "a", agent="asks"))
    await rig.parked(run_id)
    telling = asyncio.create_task(rig.tell(run_id, "go", 1))
    while not rig.journal._kept._reader.query(*signals_of_run(run_id)):  # noqa: ASYNC110  # the writer's thread tells nobody
        await asyncio.sleep(0)
    await rig.engine.wake(run_id)  # the run is opened with the signal before its sender is told
    await telling
    await rig.until(lambda: rig.attempts(run_id))
    await rig.parked(run_id)
    assert len(rig.attempts(run_id)) == 1
    await rig.engine.cancel(run_id, "over")


async def test_one_element_of_a_foreach_waits_and_the_others_go_on(rig: Any, make_step: Any) -> None:
    async def second_asks(call: AgentCall) -> Any:
        return await asks(call) if call.item_index == 1 else call.item_index

    rig.agents.add("asks", second_asks)
    rows = make_step("a", bind={"rows": {"literal": [0, 1, 2]}})
    run_id = await rig.start(
        rows, make_step("b", "a", agent="asks", foreach={"key": "k_a", "pointer": "/rows"})
    )
    await rig.parked(run_id)
    assert len(rig.attempts(run_id)) == 3
    await rig.tell(run_id, "go", "x")
    assert (await rig.end_of(run_id)).result == [0, "x", 2]


async def test_an_agent_may_wait_time_after_time(rig: Any, make_step: Any) -> None:
    async def collects(call: AgentCall) -> Any:
        got.extend(call.signals.values())
        if len(got) < 5:
            raise Parked(signal="go")
        return got

    got: list[Any] = []
    rig.agents.add("collects", collects)
    run_id = await rig.start(make_step("a", agent="collects"))
    for n in range(5):
        await rig.parked(run_id)
        await rig.tell(run_id, "go", n)
        await rig.until(lambda n=n: len(got) == n + 1)
    assert (await rig.end_of(run_id)).result == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["go", "approve"])
async def test_what_comes_while_the_run_goes_to_rest_keeps_it_awake(
    rig: Any, make_step: Any, name: str
) -> None:
    release = asyncio.Event()

    async def slow_to_ask(call: AgentCall) -> Any:
        await release.wait()
        return await asks(call)

    agent = rig.agents.add("asks", slow_to_ask)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", approval="always"))
    await rig.until(lambda: agent.calls and rig.ended(run_id).started_ms)
    with rig.database.held():
        payload = {"plan_id": rig.ended(run_id).plan.plan_id} if name == "approve" else 1
        telling = asyncio.create_task(rig.tell(run_id, name, payload))
        await asyncio.sleep(0)
        release.set()
        (course,) = rig.engine._runs.active.values()
        await rig.until(lambda: course.waiting._parking)
    await telling
    rest = {"go": "approve", "approve": "go"}[name]
    await rig.parked(run_id)
    await (rig.decide(run_id, "approve") if rest == "approve" else rig.tell(run_id, "go", 1))
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_time_that_comes_while_the_run_goes_to_rest_and_is_kept_awake_is_noticed(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(clock=SystemClock())
    release = asyncio.Event()

    async def naps(call: AgentCall) -> Any:
        if call.is_due:
            return "rested"
        await release.wait()
        raise Parked(until=rig.clock.now() + timedelta(milliseconds=50))

    async def asks_then_hangs(call: AgentCall) -> Any:
        return await (hang(call) if call.signals else asks(call))

    rig.agents.add("naps", naps)
    rig.agents.add("asks", asks_then_hangs)
    run_id = await rig.start(make_step("a", agent="naps"), make_step("b", agent="asks"))
    await rig.until(lambda: rig.agents.known["naps"].calls)
    (course,) = rig.engine._runs.active.values()
    with rig.database.held():
        release.set()
        await rig.until(lambda: course.waiting._parking)
        await rig.until(lambda: not course.waiting._alarms)
        course.tell(Signal(run_id, "s", "go", None, unix_ms(rig.clock.now())))
    await rig.until(lambda: rig.attempts(run_id))
    assert rig.attempts(run_id) == [("a", None, 1, "success")], "b hangs still"
    await rig.engine.cancel(run_id, "over")
