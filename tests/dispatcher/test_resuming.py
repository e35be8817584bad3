"""A run goes on in the next process: its attempts count on, its times stay, its parts stay in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed
from contracts.run import RunState
from contracts.trace import TraceStatus
from tests.dispatcher.acting import broken, hang, index


async def flaky(call: AgentCall) -> Any:
    if call.attempt < 2:
        raise AttemptFailed("test.flaky", "again", retryable=True)
    return {"n": call.attempt}


async def test_attempts_count_on_and_a_retry_keeps_its_time(make_rig: Any, make_step: Any) -> None:
    async def fails(call: AgentCall) -> None:
        raise AttemptFailed("test.flaky", "again", retryable=True)

    rig = make_rig()
    rig.clock.is_held = True
    rig.agents.add("flaky", fails, retries=2)
    run_id = await rig.start(make_step("a", agent="flaky"))
    await rig.until(lambda: rig.clock.slept and rig.attempts(run_id))
    wait_s = rig.clock.slept[-1]
    due = rig.clock.at.timestamp() + wait_s
    await rig.die()

    again = make_rig(clock=rig.clock)
    rig.clock.advance(wait_s / 3)
    calls = again.agents.add("flaky", fails, retries=2).calls
    again.work()
    await again.until(lambda: len(rig.clock.slept) == 2)
    assert rig.clock.at.timestamp() + rig.clock.slept[-1] == pytest.approx(due, abs=0.002)
    assert calls == []
    rig.clock.advance(wait_s)
    await again.until(lambda: len(rig.clock.slept) == 3)
    rig.clock.advance(60)
    assert (await again.end_of(run_id)).state is RunState.FAILED
    assert [c.attempt for c in calls] == [2, 3], "three attempts in all, whoever made them"
    assert again.attempts(run_id) == [("a", None, n, "failure") for n in (1, 2, 3)]


async def test_a_restart_gives_a_run_no_more_time(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.clock.is_held = True
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"), budget={"wall_s": 60})
    await rig.until(lambda: rig.ended(run_id).started_ms)
    deadline = rig.ended(run_id).deadline_ms
    await rig.die()

    second = make_rig(clock=rig.clock)
    rig.clock.advance(59)
    calls = second.agents.add("hang", hang).calls
    second.work()
    await second.until(lambda: calls)
    assert second.ended(run_id).deadline_ms == deadline
    await second.die()

    third = make_rig(clock=rig.clock)
    rig.clock.advance(2)
    late = third.agents.add("hang", hang).calls
    third.work()
    run = await third.end_of(run_id)
    assert (run.state, run.error.code, run.deadline_ms) == (RunState.FAILED, "run.deadline", deadline)
    assert late == []


async def test_a_foreach_is_complete_and_in_order_after_a_restart(make_rig: Any, make_step: Any) -> None:
    count = 12
    rows = make_step("rows", bind={"rows": {"literal": list(range(count))}})
    each = make_step("each", "rows", agent="index", foreach={"key": "k_rows", "pointer": "/rows"})
    rig = make_rig(concurrency=3)

    async def some(call: AgentCall) -> Any:
        if call.item_index in {1, 4, 7}:
            await asyncio.Event().wait()
        if call.item_index == 2:
            return AgentReply({"at": 2, "of": 2}, status=TraceStatus.PARTIAL_SUCCESS)
        if call.item_index == 3:
            raise AttemptFailed("test.broken", "no")
        return await index(call)

    rig.agents.add("index", some)
    run_id = await rig.start(rows, each)
    await rig.until(lambda: len(rig.agents.known["index"].calls) == 8)
    await rig.until(lambda: len(rig.attempts(run_id)) == 6)
    await rig.die()

    again = make_rig()
    calls = again.agents.add("index", index).calls
    again.work()
    run = await again.end_of(run_id)
    assert run.result == [None if i == 3 else {"at": i, "of": i} for i in range(count)]
    assert run.subtasks["each"] is TraceStatus.PARTIAL_SUCCESS
    assert sorted(c.item_index for c in calls) == [1, 4, 7, 8, 9, 10, 11]


async def test_what_was_skipped_stays_skipped(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("broken", broken)
    rig.agents.add("hang", hang)
    plan = [make_step("bad", agent="broken"), make_step("lost", "bad"), make_step("slow", agent="hang")]
    run_id = await rig.start(*plan)
    await rig.until(lambda: len(rig.attempts(run_id)) == 2)
    await rig.die()
    again = make_rig()
    again.agents.add("broken", again.agents.known["echo"].body)
    again.agents.add("hang", again.agents.known["echo"].body)
    again.work()
    await again.end_of(run_id)
    assert again.statuses(run_id) == {"bad": "failure", "lost": "skipped", "slow": "success"}
    assert [c.subtask_id for c in again.agents.known["echo"].calls] == []


async def test_a_failure_that_fails_the_run_does_so_after_a_restart_too(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(stop_grace_s=5)
    release = asyncio.Event()

    async def slow_to_stop(call: AgentCall) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    rig.agents.add("broken", broken)
    rig.agents.add("slow", slow_to_stop)
    bad = make_step("bad", "first", agent="broken", on_failure="fail")
    run_id = await rig.start(make_step("first"), make_step("slow", agent="slow"), bad)
    await rig.until(lambda: len(rig.attempts(run_id)) == 2)
    release.set()
    await rig.die()
    again = make_rig()
    calls = again.agents.add("slow", hang).calls
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, run.error.code, calls) == (RunState.FAILED, "run.subtask_failed", [])


async def test_the_fallbacks_turn_survives_a_restart(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("broken", broken)
    rig.agents.add("other", hang, effect="idempotent")
    run_id = await rig.start(make_step("a", agent="broken", on_failure="fallback", fallback_agent="other"))
    await rig.until(lambda: rig.agents.known["other"].calls)
    (first,) = rig.agents.known["other"].calls
    await rig.die()
    again = make_rig()
    calls = again.agents.add("broken", broken).calls
    other = again.agents.add("other", again.agents.known["echo"].body, effect="idempotent")
    again.work()
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    assert (calls, [c.attempt for c in other.calls]) == ([], [2])
    assert other.calls[0].idempotency_key == first.idempotency_key


async def test_an_agent_that_is_gone_after_a_restart_fails_its_subtask_alone(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.agents.add("gone", hang)
    run_id = await rig.start(make_step("a", agent="gone"), make_step("b"))
    await rig.until(lambda: rig.agents.known["gone"].calls and rig.attempts(run_id))
    await rig.die()
    again = make_rig()
    again.work()
    assert (await again.end_of(run_id)).state is RunState.FAILED
    assert again.statuses(run_id) == {"a": "failure", "b": "success"}
    assert again.codes(run_id) == {"a": "agent.unknown"}


async def test_runs_are_taken_up_by_their_turn_and_all_of_them(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(active_runs=1)
    rig.agents.add("hang", hang)
    for n in range(6):
        run = rig.new_run(
            make_step("a", agent="hang"), run={"run_id": f"r{n}", "priority": n, "created_ms": 1}
        )
        await rig.engine.submit(run)
    await rig.die()
    again = make_rig(active_runs=1)
    calls = again.agents.add("hang", again.agents.known["echo"].body).calls
    again.work()
    for n in range(6):
        assert (await again.end_of(f"r{n}")).state is RunState.SUCCEEDED
    assert [c.run_id for c in calls] == [f"r{n}" for n in (5, 4, 3, 2, 1, 0)]


async def test_a_run_that_was_accepted_and_never_begun_is_run(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(active_runs=1)
    rig.agents.add("hang", hang)
    await rig.start(make_step("a", agent="hang"))
    run_id = await rig.start(make_step("a"))
    await rig.die()
    again = make_rig()
    assert again.kinds(run_id) == ["queued"]
    again.work()
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_run_that_begins_as_it_is_accepted_goes_on_after_a_crash_with_the_time_it_had(
    make_rig: Any, rig: Any, make_step: Any
) -> None:
    rig.database.left = 1
    run_id = await rig.start(make_step("a"))
    await rig.die()
    again = make_rig()
    assert again.kinds(run_id) == ["queued", "running"]
    begun = again.ended(run_id)
    again.work()
    ended = await again.end_of(run_id)
    assert (ended.state, ended.started_ms, ended.deadline_ms) == (
        RunState.SUCCEEDED, begun.started_ms, begun.deadline_ms,
    )  # fmt: skip


async def test_what_has_ended_is_not_taken_up(make_rig: Any, rig: Any, make_step: Any) -> None:
    run = await rig.run(make_step("a"))
    lines = rig.lines(run.run_id)
    await rig.close()
    again = make_rig()
    again.work()
    await again.run(make_step("b"))
    assert again.lines(run.run_id) == lines
    assert again.engine.status(run.run_id) == "absent"


async def test_waking_what_has_ended_changes_nothing_and_holds_nobody(rig: Any, make_step: Any) -> None:
    rig.agents.add("broken", broken)
    run = await rig.run(make_step("a"), make_step("b", agent="broken"), make_step("c", "b"))
    lines, calls = rig.lines(run.run_id), len(rig.agents.known["broken"].calls)
    await rig.engine.wake(run.run_id)
    assert await rig.engine.wait(run.run_id, 5)
    assert (rig.engine.status(run.run_id), rig.lines(run.run_id)) == ("absent", lines)
    assert (len(rig.agents.known["broken"].calls), rig.ended(run.run_id)) == (calls, run)
