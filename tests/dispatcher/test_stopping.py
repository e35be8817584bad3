from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from typing_extensions import override

from contracts.agent import AgentCall
from contracts.effect import Effect
from contracts.errors import AttemptFailed, Unavailable
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from dispatcher import attempt as attempt_module
from dispatcher.retry import Backoff


async def hang(call: AgentCall) -> None:
    await asyncio.Event().wait()


async def test_an_attempt_over_its_time_is_a_timeout_and_the_rest_goes_on(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run = await rig.run(make_step("a", agent="hang", timeout_s=0.02), make_step("b"))
    assert run.subtasks == {"a": TraceStatus.TIMEOUT, "b": TraceStatus.SUCCESS}
    assert next(t for t in rig.journal.traces if t.metadata.error).metadata.error.code == "attempt.timeout"


async def test_an_agent_that_will_not_stop_is_left_behind(rig: Any, make_step: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attempt_module, "STOP_GRACE_S", 0.02)
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


async def test_cancelling_stops_what_runs_and_traces_what_never_started(rig: Any, make_step: Any) -> None:
    began = asyncio.Event()

    async def wait(call: AgentCall) -> None:
        began.set()
        await asyncio.Event().wait()

    rig.agents.add("wait", wait)
    run_id = await rig.start(make_step("a", agent="wait"), make_step("b", "a"), make_step("c"))
    await began.wait()
    assert await rig.engine.cancel(run_id, "enough")
    assert await rig.engine.wait(run_id, 5)
    run = rig.ended(run_id)
    assert (run.state, run.error.message) == (RunState.CANCELLED, "enough")
    attempts = {t.metadata.subtask_id: (t.status.value, t.metadata.attempt) for t in rig.journal.traces}
    assert attempts["a"] == ("cancelled", 1)
    assert attempts["b"] == ("cancelled", 0)


async def test_cancelling_a_fan_out_traces_each_element_that_had_begun_once(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(concurrency=2)
    began = asyncio.Event()

    async def wait(call: AgentCall) -> None:
        if call.item_index == 1:
            began.set()
        await asyncio.Event().wait()

    async def echo(call: AgentCall) -> Any:
        return dict(call.inputs)

    rig.agents.add("wait", wait)
    rig.agents.add("echo", echo)
    a = make_step("a", bind={"rows": {"literal": [0, 1, 2, 3]}})
    run_id = await rig.start(a, make_step("b", "a", agent="wait", foreach={"key": "k_a", "pointer": "/rows"}))
    await began.wait()
    await rig.engine.cancel(run_id, "enough")
    assert await rig.engine.wait(run_id, 5)
    traces = [t for t in rig.journal.traces if t.metadata.subtask_id == "b"]
    assert sorted((t.metadata.item_index, t.status.value) for t in traces) == [
        (0, "cancelled"),
        (1, "cancelled"),
    ]
    assert rig.ended(run_id).subtasks["b"] is TraceStatus.CANCELLED


async def test_cancelling_while_planning_ends_the_run_as_cancelled(rig: Any) -> None:
    never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    asking = asyncio.Event()

    async def plan(run: Run) -> Any:
        asking.set()
        return await never

    rig.engine._plan = plan
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await asking.wait()
    await rig.engine.cancel("p", "no")
    await rig.engine.wait("p", 5)
    assert rig.ended("p").state is RunState.CANCELLED


async def test_a_retryable_failure_is_tried_again_and_each_attempt_is_traced(
    rig: Any, make_step: Any
) -> None:
    async def flaky(call: AgentCall) -> Any:
        if call.attempt < 3:
            raise AttemptFailed("test.flaky", "again", retryable=True)
        return {"attempt": call.attempt, "key": call.idempotency_key}

    rig.agents.add("flaky", flaky, retries=2)
    run = await rig.run(make_step("a", agent="flaky"))
    assert run.state is RunState.SUCCEEDED
    assert [(t.metadata.attempt, t.status.value) for t in rig.journal.traces] == [
        (1, "failure"),
        (2, "failure"),
        (3, "success"),
    ]
    assert len({call.idempotency_key for call in rig.agents.known["flaky"].calls}) == 1


@pytest.mark.parametrize(
    ("retryable", "effect", "retries"), [(False, "pure", 3), (True, "effectful", 3), (True, "pure", 0)]
)
async def test_what_may_not_be_retried_has_one_attempt(
    rig: Any, make_step: Any, retryable: Any, effect: Any, retries: Any
) -> None:
    async def broken(call: AgentCall) -> None:
        raise AttemptFailed("test.broken", "no", retryable=retryable)

    rig.agents.add("broken", broken, effect=Effect(effect))
    await rig.run(make_step("a", agent="broken", retries=retries))
    assert len(rig.journal.traces) == 1


async def test_the_wait_before_a_retry_grows_and_stays_under_its_ceiling(rig: Any) -> None:
    backoff = Backoff(base_s=0.2, ceiling_s=1.0)

    class Most(random.Random):
        @override
        def uniform(self, a: float, b: float) -> float:
            return b

    assert [round(backoff.wait_s(n, Most()), 2) for n in range(1, 6)] == [0.2, 0.4, 0.8, 1.0, 1.0]


async def test_a_full_engine_refuses_and_says_when_to_come_back(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    rig.engine._max_runs = 1
    run_id = await rig.start(make_step("a", agent="hang"))
    with pytest.raises(Unavailable, match="1 runs are under way") as caught:
        await rig.start(make_step("a"))
    assert caught.value.code == "engine.full"
    await rig.engine.cancel(run_id, "over")
    await rig.engine.wait(run_id)


async def test_draining_cancels_what_is_left_and_takes_nothing_new(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    await rig.engine.drain(0.01)
    assert rig.ended(run_id).state is RunState.CANCELLED
    with pytest.raises(Unavailable) as caught:
        await rig.start(make_step("a"))
    assert caught.value.code == "engine.draining"


async def test_a_plan_that_cannot_be_made_fails_the_run_with_its_code(rig: Any) -> None:
    async def plan(run: Run) -> None:
        raise Unavailable("provider.unreachable", "no model")

    rig.engine._plan = plan
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await rig.engine.wait("p", 5)
    assert rig.ended("p").error.code == "provider.unreachable"
