"""Another attempt, or another agent, after a failure."""

from __future__ import annotations

import random
from typing import Any

import pytest
from typing_extensions import override

from contracts.agent import AgentCall
from contracts.errors import AttemptFailed
from contracts.run import RunState
from dispatcher.retry import Backoff


async def test_the_agent_to_fall_back_on_makes_the_next_attempt(rig: Any, make_step: Any) -> None:
    async def broken(call: AgentCall) -> None:
        raise AttemptFailed("test.broken", "no", retryable=True)

    rig.agents.add("broken", broken, retries=1)
    run = await rig.run(make_step("a", agent="broken", on_failure="fallback", fallback_agent="echo"))
    assert run.state is RunState.SUCCEEDED
    traces = [(t.agent_type, t.metadata.attempt, t.status.value) for t in rig.kept(run.run_id)]
    assert traces == [("broken", 1, "failure"), ("broken", 2, "failure"), ("echo", 3, "success")]


async def test_when_the_agent_to_fall_back_on_fails_too_the_subtask_has_failed(
    rig: Any, make_step: Any
) -> None:
    async def broken(call: AgentCall) -> None:
        raise AttemptFailed("test.broken", "no")

    rig.agents.add("broken", broken)
    rig.agents.add("other", broken)
    steps = [
        make_step("a", agent="broken", on_failure="fallback", fallback_agent="other"),
        make_step("b", "a"),
    ]
    run = await rig.run(*steps)
    assert run.state is RunState.FAILED
    assert rig.statuses() == {"a": "failure", "b": "skipped"}


async def test_a_retryable_failure_is_tried_again_and_each_attempt_is_traced(
    rig: Any, make_step: Any
) -> None:
    async def flaky(call: AgentCall) -> Any:
        if call.attempt < 3:
            raise AttemptFailed("test.flaky", "again", retryable=True)
        return {"attempt": call.attempt}

    rig.agents.add("flaky", flaky, retries=2)
    run = await rig.run(make_step("a", agent="flaky"))
    assert run.state is RunState.SUCCEEDED
    assert rig.attempts(run.run_id) == [
        ("a", None, 1, "failure"),
        ("a", None, 2, "failure"),
        ("a", None, 3, "success"),
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

    rig.agents.add("broken", broken, effect=effect)
    await rig.run(make_step("a", agent="broken", retries=retries))
    assert len(rig.journal.traces) == 1


async def test_the_wait_before_a_retry_grows_and_stays_under_its_ceiling() -> None:
    backoff = Backoff(base_s=0.2, ceiling_s=1.0)

    class Most(random.Random):
        @override
        def uniform(self, a: float, b: float) -> float:
            return b

    assert [round(backoff.wait_s(n, Most()), 2) for n in range(1, 6)] == [0.2, 0.4, 0.8, 1.0, 1.0]
