"""Signals: none is lost, none is given twice, whenever it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from contracts.agent import AgentCall, Parked
from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, Conflict, NotFound
from contracts.journal import Signal
from contracts.run import Run, RunState
from storage.queries import signals_of_run
from tests.dispatcher.acting import asks, hang


async def test_an_agent_waits_for_a_signal_and_is_given_what_came(rig: Any, make_step: Any) -> None:
    agent = rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", "a"))
    run = await rig.parked(run_id)
    assert run.state is RunState.AWAITING_APPROVAL
    await rig.tell(run_id, "go", {"n": 1})
    run = await rig.end_of(run_id)
    assert run.result == {"k_a": {"n": 1}}
    assert [c.attempt for c in agent.calls] == [1, 1]
    assert rig.attempts(run_id)[0] == ("a", None, 1, "success"), "a wait is no attempt"


async def test_a_signal_that_came_before_the_wait_is_not_lost(rig: Any, make_step: Any) -> None:
    release = asyncio.Event()

    async def slow(call: AgentCall) -> Any:
        await release.wait()
        return 1

    rig.agents.add("slow", slow)
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a", agent="asks"))
    await rig.until(lambda: rig.agents.known["slow"].calls)
    await rig.tell(run_id, "go", "early")
    release.set()
    assert (await rig.end_of(run_id)).result == "early"


async def test_a_signal_before_a_kill_is_given_by_the_next_process(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"), make_step("b", "a", agent="asks"))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.tell(run_id, "go", "early")
    await rig.die()
    again = make_rig()
    again.agents.add("hang", again.agents.known["echo"].body)
    again.agents.add("asks", asks)
    again.work()
    assert (await again.end_of(run_id)).result == "early"


async def test_a_signal_for_a_run_that_waits_for_its_turn_is_not_lost(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(active_runs=1)
    rig.agents.add("hang", hang)
    rig.agents.add("asks", asks)
    first = await rig.start(make_step("a", agent="hang"))
    run_id = await rig.start(make_step("a", agent="asks"))
    assert rig.engine.status(run_id) == "queued"
    await rig.tell(run_id, "go", "early")
    await rig.engine.cancel(first, "over")
    assert (await rig.end_of(run_id)).result == "early"


async def test_a_signal_while_the_plan_is_made_is_not_lost(rig: Any, make_step: Any) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def plans(run: Run) -> Any:
        asked.set()
        await release.wait()
        return rig.new_run(make_step("a", agent="asks")).plan

    rig.planner = plans
    rig.agents.add("asks", asks)
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await asked.wait()
    await rig.tell("p", "go", "early")
    release.set()
    assert (await rig.end_of("p")).result == "early"


@pytest.mark.parametrize("is_parked", [False, True])
async def test_a_signal_is_given_to_one_wait_once(rig: Any, make_step: Any, *, is_parked: bool) -> None:
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", "a", agent="asks"))
    if is_parked:
        await rig.parked(run_id)
    await rig.tell(run_id, "go", 1, signal_id="s1")
    await rig.until(lambda: len(rig.attempts(run_id)) == 1)
    await rig.parked(run_id)
    await rig.tell(run_id, "go", 1, signal_id="s1")
    await rig.parked(run_id)
    assert rig.attempts(run_id) == [rig.attempts(run_id)[0]], "the same signal told again is no second one"
    await rig.tell(run_id, "go", 2, signal_id="s2")
    assert (await rig.end_of(run_id)).result == 2
    assert rig.journal._kept._reader.query(*signals_of_run(run_id)) == []


async def test_signals_are_given_oldest_first_to_who_waits_for_them(rig: Any, make_step: Any) -> None:
    async def asks_twice(call: AgentCall) -> Any:
        got.extend(list(item) for item in call.signals.items())
        if len(got) < 2:
            raise Parked(signal=("one", "two")[len(got)])
        return list(got)

    got: list[Any] = []
    rig.agents.add("asks", asks_twice)
    run_id = await rig.start(make_step("a", agent="asks"))
    await rig.parked(run_id)
    await rig.tell(run_id, "two", "b")
    await rig.tell(run_id, "two", "late")
    await rig.parked(run_id)
    await rig.tell(run_id, "one", "a")
    assert (await rig.end_of(run_id)).result == [["one", "a"], ["two", "b"]]


async def test_a_signal_for_nobody_or_what_has_ended_is_refused(rig: Any, make_step: Any) -> None:
    run = await rig.run(make_step("a"))
    with pytest.raises(Conflict) as ended:
        await rig.tell(run.run_id, "go")
    with pytest.raises(NotFound) as unknown:
        await rig.engine.signal(Signal("nobody", "s", "go", None, 1))
    assert (ended.value.code, unknown.value.code) == ("run.ended", "run.unknown")


@pytest.mark.parametrize("what_comes", ["signal", "time"])
async def test_whichever_of_a_signal_and_a_time_comes_first_wakes_it(
    make_rig: Any, make_step: Any, what_comes: str
) -> None:
    rig = make_rig(clock=SystemClock())
    seconds = 0.03 if what_comes == "time" else 3600

    async def both(call: AgentCall) -> Any:
        if not call.is_due and not call.signals:
            raise Parked(signal="go", until=rig.clock.now() + timedelta(seconds=seconds))
        return {"due": call.is_due, "signals": dict(call.signals)}

    rig.agents.add("both", both)
    rig.work()
    run_id = await rig.start(make_step("a", agent="both"))
    if what_comes == "signal":
        await rig.parked(run_id)
        await rig.tell(run_id, "go", 1)
    run = await rig.end_of(run_id)
    assert run.result == (
        {"due": True, "signals": {}} if what_comes == "time" else {"due": False, "signals": {"go": 1}}
    )


async def test_a_kill_between_a_signal_and_its_use_gives_it_again(make_rig: Any, make_step: Any) -> None:
    async def asks_then_hangs(call: AgentCall) -> Any:
        await asks(call)
        await asyncio.Event().wait()

    rig = make_rig()
    agent = rig.agents.add("asks", asks_then_hangs)
    run_id = await rig.start(make_step("a", agent="asks"))
    await rig.parked(run_id)
    await rig.tell(run_id, "go", "now")
    await rig.until(lambda: len(agent.calls) == 2)
    await rig.die()
    again = make_rig()
    again.agents.add("asks", asks)
    again.work()
    assert (await again.end_of(run_id)).result == "now"


async def test_the_same_signal_sent_twice_at_once_is_given_once(rig: Any, make_step: Any) -> None:
    rig.agents.add("asks", asks)
    run_id = await rig.start(make_step("a", agent="asks"), make_step("b", "a", agent="asks"))
    await rig.parked(run_id)
    await asyncio.gather(*(rig.tell(run_id, "go", 1, signal_id="s") for _ in range(5)))
    await rig.until(lambda: rig.attempts(run_id))
    await rig.parked(run_id)
    assert len(rig.attempts(run_id)) == 1


@pytest.mark.parametrize("is_parked", [False, True])
async def test_a_wait_costs_no_try(rig: Any, make_step: Any, *, is_parked: bool) -> None:
    async def asks_then_shaky(call: AgentCall) -> Any:
        await asks(call)
        if len(agent.calls) < 3:
            raise AttemptFailed("test.shaky", "again", retryable=True)
        return "at last"

    agent = rig.agents.add("asks", asks_then_shaky, retries=1)
    gate = asyncio.Event()

    async def waits(call: AgentCall) -> Any:
        await gate.wait()

    rig.agents.add("waits", waits)
    others = [] if is_parked else [make_step("s", agent="waits")]
    run_id = await rig.start(make_step("a", agent="asks"), *others, result_key="k_a")
    await rig.until(lambda: "parked" in rig.kinds(run_id))
    if is_parked:
        await rig.parked(run_id)
    for n in range(2):
        await rig.tell(run_id, "go", n)
    gate.set()
    assert (await rig.end_of(run_id)).result == "at last"
    assert [(a[0], a[2], a[3]) for a in rig.attempts(run_id) if a[0] == "a"] == [
        ("a", 1, "failure"),
        ("a", 2, "success"),
    ]


@pytest.mark.parametrize("told", [1, 0])
async def test_an_agent_that_asks_for_a_signal_as_its_run_is_cancelled_holds_nobody_up(
    rig: Any, make_step: Any, told: int
) -> None:
    async def asks_too_late(call: AgentCall) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Parked(signal="go") from None

    agent = rig.agents.add("late", asks_too_late)
    run_id = await rig.start(make_step("a", agent="late"))
    await rig.until(lambda: agent.calls)
    if told:
        await rig.tell(run_id, "go", 1)
    assert await rig.engine.cancel(run_id, "enough")
    assert await rig.engine.wait(run_id, 10)
    assert rig.ended(run_id).state is RunState.CANCELLED
    assert (rig.attempts(run_id), len(agent.calls)) == ([("a", None, 1, "cancelled")], 1)
