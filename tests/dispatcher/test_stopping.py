"""Time limits, agents that will not stop, failures that stop a run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contracts.agent import AgentCall, AgentReply, uncounted
from contracts.errors import AttemptFailed
from contracts.run import RunState
from contracts.trace import TraceStatus
from tests.dispatcher.acting import hang


async def test_an_attempt_over_its_time_is_a_timeout_and_the_rest_goes_on(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run = await rig.run(make_step("a", agent="hang", timeout_s=0.02), make_step("b"))
    assert run.subtasks == {"a": TraceStatus.TIMEOUT, "b": TraceStatus.SUCCESS}
    assert rig.codes() == {"a": "attempt.timeout"}


async def test_time_to_get_an_agent_ready_is_not_held_against_its_attempt(rig: Any, make_step: Any) -> None:
    ready = asyncio.Event()

    async def slow_to_start(call: AgentCall) -> AgentReply:
        with uncounted():
            await ready.wait()
        return AgentReply(call.subtask_id)

    async def slow_afterwards(call: AgentCall) -> Any:
        with uncounted():
            await ready.wait()
        return await hang(call)

    rig.agents.add("hang", hang)
    rig.agents.add("start", slow_to_start)
    rig.agents.add("afterwards", slow_afterwards)
    steps = [make_step(name, agent=name, timeout_s=0.02) for name in ("start", "afterwards")]
    run_id = await rig.start(*steps, make_step("over", agent="hang", timeout_s=0.05))
    await rig.until(lambda: rig.codes().get("over") == "attempt.timeout")
    ready.set()
    assert await rig.engine.wait(run_id)
    assert rig.codes() == {"over": "attempt.timeout", "afterwards": "attempt.timeout"}


async def test_many_attempts_each_time_out_at_their_own_time(rig: Any, make_step: Any) -> None:
    loop = asyncio.get_running_loop()
    began, lasted = loop.time(), {}

    async def hang_timed(call: AgentCall) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            lasted[call.subtask_id] = loop.time() - began

    rig.agents.add("hang", hang_timed)
    limits = {f"s{i}": 0.02 * (5 - i) for i in range(5)}
    steps = [make_step(name, agent="hang", timeout_s=limit) for name, limit in limits.items()]
    long = make_step("long", agent="hang", timeout_s=60)
    run_id = await rig.start(long, *steps, make_step("fine", timeout_s=0.001))
    await rig.until(lambda: len(lasted) == len(limits))  # none of them waits for the long one
    await rig.engine.cancel(run_id, "enough")
    await rig.end_of(run_id)
    assert rig.statuses() == dict.fromkeys(limits, "timeout") | {"fine": "success", "long": "cancelled"}
    assert [name for name, limit in limits.items() if lasted[name] < limit - 0.01] == []


async def test_an_agent_that_will_not_stop_is_left_behind(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(stop_grace_s=0.02)
    release = asyncio.Event()

    async def stubborn(call: AgentCall) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    rig.agents.add("stubborn", stubborn)
    run = await rig.run(make_step("a", agent="stubborn", timeout_s=0.02))
    release.set()
    assert run.state is RunState.FAILED
    assert "left behind" in rig.journal.traces[0].metadata.error.message


async def test_what_an_agent_left_behind_still_answers_changes_nothing(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(stop_grace_s=0.02)
    release, ended = asyncio.Event(), asyncio.Event()

    async def late(call: AgentCall) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()
        ended.set()
        return "too late"

    rig.agents.add("late", late)
    run = await rig.run(make_step("a", agent="late", timeout_s=0.02))
    lines = rig.lines(run.run_id)
    release.set()
    await ended.wait()
    await rig.run(make_step("b"))
    assert rig.lines(run.run_id) == lines
    assert rig.ended(run.run_id) == run


async def test_a_failure_that_fails_the_run_stops_what_runs_beside_it(rig: Any, make_step: Any) -> None:
    async def broken(call: AgentCall) -> None:
        raise AttemptFailed("test.broken", "no")

    rig.agents.add("broken", broken)
    rig.agents.add("hang", hang)
    steps = [
        make_step("a", agent="hang"),
        make_step("b", agent="broken", on_failure="fail"),
        make_step("c", "b"),
    ]
    run = await rig.run(*steps)
    assert (run.state, run.error.code) == (RunState.FAILED, "run.subtask_failed")
    assert rig.statuses() == {"a": "cancelled", "b": "failure", "c": "cancelled"}


@pytest.mark.parametrize(
    "text", ["half a pair: \ud800", "nul: \x00", "x" * 10_000], ids=["surrogate", "nul", "long"]
)
async def test_whatever_an_error_says_its_attempt_is_kept_and_the_run_ends(
    rig: Any, make_step: Any, text: str
) -> None:
    async def says(call: AgentCall) -> None:
        raise AttemptFailed("test.says", text, where=text, hint=text, data={"said": text})

    async def crashes(call: AgentCall) -> None:
        raise OSError(text)

    rig.agents.add("says", says)
    rig.agents.add("crashes", crashes)
    run = await rig.run(make_step("a", agent="says"), make_step("b", agent="crashes"), make_step("c"))
    assert run.state is RunState.FAILED
    assert rig.codes() == {"a": "test.says", "b": "agent.crashed"}
    assert rig.statuses() == {"a": "failure", "b": "failure", "c": "success"}
