"""An agent that can find out what became of its effect is asked, and believed."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.agent import AgentCall, NotDone
from contracts.errors import AttemptFailed
from contracts.run import RunState
from tests.dispatcher.acting import asks, hang


async def test_what_reconcile_finds_done_is_the_result(make_rig: Any, make_step: Any) -> None:
    async def found(call: AgentCall) -> Any:
        return {"sent": True, "by": call.idempotency_key}

    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    (call,) = rig.agents.known["send"].calls
    await rig.die()
    again = make_rig()
    agent = again.agents.add_reconciling("send", hang, found, effect="effectful")
    again.work()
    run = await again.end_of(run_id)
    assert run.result == {"sent": True, "by": call.idempotency_key}
    assert (agent.calls, len(agent.asked)) == ([], 1)
    assert again.attempts(run_id)[-1] == ("b", None, 1, "success")


async def test_what_reconcile_finds_not_done_is_done_with_the_same_key(make_rig: Any, make_step: Any) -> None:
    async def never(call: AgentCall) -> Any:
        return NotDone()

    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    (first,) = rig.agents.known["send"].calls
    await rig.die()
    again = make_rig()
    body = again.agents.known["echo"].body
    agent = again.agents.add_reconciling("send", body, never, effect="effectful")
    again.work()
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    assert [(c.attempt, c.idempotency_key) for c in agent.calls] == [(2, first.idempotency_key)]
    assert again.attempts(run_id)[1:] == [("b", None, 1, "failure"), ("b", None, 2, "success")]
    assert again.codes(run_id) == {"b": "effect.not_done"}


@pytest.mark.parametrize("code", ["test.unreachable", "crash"])
async def test_what_reconcile_cannot_tell_is_unknown(make_rig: Any, make_step: Any, code: str) -> None:
    async def cannot_tell(call: AgentCall) -> Any:
        if code == "crash":
            raise ZeroDivisionError
        raise AttemptFailed(code, "the bank does not answer", retryable=True)

    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.die()
    again = make_rig()
    agent = again.agents.add_reconciling("send", hang, cannot_tell, effect="effectful")
    again.work()
    await again.end_of(run_id)
    assert (again.codes(run_id), agent.calls) == ({"b": "effect.unknown"}, [])


async def test_a_kill_while_it_is_found_out_leaves_the_question_open(make_rig: Any, make_step: Any) -> None:
    async def found(call: AgentCall) -> Any:
        return "found"

    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.die()
    second = make_rig()
    asked = second.agents.add_reconciling("send", hang, hang, effect="effectful").asked
    second.work()
    await second.until(lambda: asked)
    await second.die()
    third = make_rig()
    third.agents.add_reconciling("send", hang, found, effect="effectful")
    third.work()
    assert (await third.end_of(run_id)).result == "found"


async def test_an_effect_that_timed_out_is_unknown_unless_it_can_be_found_out(
    rig: Any, make_step: Any
) -> None:
    async def found(call: AgentCall) -> Any:
        return "it went through"

    rig.agents.add("send", hang, effect="effectful")
    rig.agents.add_reconciling("pay", hang, found, effect="effectful")
    run = await rig.run(
        make_step("a", agent="send", timeout_s=0.02),
        make_step("b", agent="pay", timeout_s=0.02),
        result_key="k_b",
    )
    assert rig.codes() == {"a": "effect.unknown"}
    assert run.result == "it went through"


async def test_an_effect_whose_agent_says_that_it_failed_has_failed(rig: Any, make_step: Any) -> None:
    async def refused(call: AgentCall) -> Any:
        raise AttemptFailed("test.refused", "no such account", retryable=True)

    agent = rig.agents.add_reconciling("pay", refused, hang, effect="effectful", retries=3)
    await rig.run(make_step("a", agent="pay"))
    assert (rig.codes(), len(agent.calls), agent.asked) == ({"a": "test.refused"}, 1, [])


async def test_a_drained_effect_under_way_is_left_open_for_the_next_process(
    make_rig: Any, make_step: Any
) -> None:
    async def found(call: AgentCall) -> Any:
        return "found"

    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.close()
    again = make_rig()
    assert again.attempts(run_id) == [("a", None, 1, "success")]
    again.agents.add_reconciling("send", hang, found, effect="effectful")
    again.work()
    assert (await again.end_of(run_id)).result == "found"


async def test_a_plan_can_only_strengthen_what_an_agent_says_of_its_effect(rig: Any, make_step: Any) -> None:
    seen = []

    async def sees(call: AgentCall) -> Any:
        seen.append(rig.intents(call.run_id))
        return 1

    rig.agents.add("pure", sees)
    await rig.run(make_step("a", agent="pure", effect="effectful"))
    assert seen == [1]


async def test_what_is_tried_again_is_given_the_signal_it_waited_for_again(
    make_rig: Any, make_step: Any
) -> None:
    async def asks_then_hangs(call: AgentCall) -> Any:
        await asks(call)
        await hang(call)

    async def never(call: AgentCall) -> Any:
        return NotDone()

    rig = make_rig()
    agent = rig.agents.add("send", asks_then_hangs, effect="effectful")
    run_id = await rig.start(make_step("a", agent="send"))
    await rig.parked(run_id)
    await rig.tell(run_id, "go", "now")
    await rig.until(lambda: len(agent.calls) == 2)
    await rig.die()
    again = make_rig()
    again.agents.add_reconciling("send", asks, never, effect="effectful")
    again.work()
    assert (await again.end_of(run_id)).result == "now"


async def test_who_finds_an_effect_out_cannot_wait_and_nothing_is_done_again(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.die()
    again = make_rig()
    agent = again.agents.add_reconciling("send", hang, asks, effect="effectful")
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, again.codes(run_id)) == (RunState.FAILED, {"b": "effect.unknown"})
    assert agent.calls == []
