"""A person is asked: what waits for the answer, what an answer does, and which are none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.run import RunState
from tests.dispatcher.acting import hang


async def test_a_plan_waits_for_its_approval_before_anything_runs(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a"), run={"approval": "plan"})
    run = await rig.parked(run_id)
    assert (run.state, run.started_ms, run.deadline_ms) == (RunState.AWAITING_APPROVAL, None, None)
    assert rig.agents.known["echo"].calls == []
    await rig.decide(run_id, "approve")
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED
    assert rig.kinds(run_id) == [
        "queued",
        "awaiting_approval",
        "approved",
        "running",
        "attempt_ended",
        "succeeded",
    ]


async def test_a_subtask_waits_for_a_person_and_the_others_do_not(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"), make_step("b"), make_step("c", "a"))
    run = await rig.parked(run_id)
    assert run.state is RunState.AWAITING_APPROVAL
    assert rig.attempts(run_id) == [("b", None, 1, "success")]
    assert [line.body["approvals"] for line in rig.lines(run_id) if line.kind == "awaiting_approval"] == [
        ["a"]
    ]
    await rig.decide(run_id, "approve", "a")
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("approval", "asked", "waits"),
    [
        ("auto", "auto", False),
        ("auto", "always", True),
        ("effects", "auto", True),
        ("effects", "never", False),
        ("plan", "auto", False),
        ("plan", "always", True),
    ],
)
async def test_who_is_asked_before_an_effect(
    rig: Any, make_step: Any, *, approval: str, asked: str, waits: bool
) -> None:
    send = rig.agents.add("send", rig.agents.known["echo"].body, effect="effectful")
    steps = [make_step("b"), make_step("a", "b", agent="send", approval=asked)]
    run_id = await rig.start(*steps, run={"approval": approval})
    if approval == "plan":
        await rig.parked(run_id)
        await rig.decide(run_id, "approve", "")
    if waits:
        await rig.until(lambda: rig.kinds(run_id)[-1] == "awaiting_approval" and rig.attempts(run_id))
        assert send.calls == []
        await rig.parked(run_id)
        await rig.decide(run_id, "approve")
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


async def test_an_approval_for_another_plan_changes_nothing(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a"), run={"approval": "plan"})
    await rig.parked(run_id)
    for payload in ({"plan_id": "f" * 64, "subtask": None}, {}, None, "yes", {"subtask": ""}):
        await rig.tell(run_id, "approve", payload)
        await rig.tell(run_id, "reject", payload)
        await rig.parked(run_id)
    assert rig.ended(run_id).state is RunState.AWAITING_APPROVAL
    assert rig.agents.known["echo"].calls == []
    assert {line.body["ignored"] for line in rig.lines(run_id) if line.kind == "signalled"} == {
        "another plan"
    }
    await rig.decide(run_id, "approve")
    await rig.end_of(run_id)


async def test_an_approval_of_what_does_not_wait_changes_nothing(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"), make_step("b", "a", approval="always"))
    await rig.parked(run_id)
    await rig.decide(run_id, "approve", "b")
    await rig.decide(run_id, "approve", "nobody")
    await rig.parked(run_id)
    assert rig.agents.known["echo"].calls == []
    await rig.decide(run_id, "approve", "a")
    await rig.until(lambda: rig.attempts(run_id) and rig.engine.status(run_id) == "parked")
    assert [c.subtask_id for c in rig.agents.known["echo"].calls] == ["a"]
    await rig.decide(run_id, "approve")
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_rejected_plan_ends_its_run_as_rejected(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a"), run={"approval": "plan"})
    await rig.parked(run_id)
    await rig.decide(run_id, "reject", reason="too dear")
    run = await rig.end_of(run_id)
    assert (run.state, run.error.code, run.error.message) == (RunState.REJECTED, "run.rejected", "too dear")
    assert rig.attempts(run_id) == [("a", None, 0, "cancelled")]


async def test_a_rejected_subtask_fails_and_what_depends_on_it_is_skipped(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"), make_step("b", "a"), make_step("c"))
    await rig.parked(run_id)
    await rig.decide(run_id, "reject", "a", reason="no")
    await rig.end_of(run_id)
    assert rig.statuses(run_id) == {"a": "failure", "b": "skipped", "c": "success"}
    assert rig.codes(run_id)["a"] == "approval.rejected"


async def test_a_rejection_of_the_whole_run_survives_a_kill(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(stop_grace_s=5)

    async def slow_to_stop(call: AgentCall) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()

    rig.agents.add("slow", slow_to_stop)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", approval="always"))
    await rig.until(lambda: rig.agents.known["slow"].calls)
    await rig.decide(run_id, "reject", reason="no")
    await rig.until(lambda: "signalled" in rig.kinds(run_id))
    await rig.die()
    again = make_rig()
    again.agents.add("slow", again.agents.known["echo"].body)
    again.work()
    assert (await again.end_of(run_id)).state is RunState.REJECTED


async def test_what_was_approved_stays_approved_after_a_kill(make_rig: Any, rig: Any, make_step: Any) -> None:
    rig.agents.add("slow", hang)
    run_id = await rig.start(make_step("a", agent="slow", approval="always"), run={"approval": "plan"})
    await rig.parked(run_id)
    await rig.decide(run_id, "approve", "")
    await rig.until(lambda: rig.kinds(run_id)[-1] == "awaiting_approval" and rig.ended(run_id).started_ms)
    await rig.parked(run_id)
    await rig.decide(run_id, "approve", "a")
    await rig.until(lambda: rig.agents.known["slow"].calls)
    await rig.die()
    again = make_rig()
    again.agents.add("slow", again.agents.known["echo"].body)
    again.work()
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_parked_run_waits_on_in_the_next_process(make_rig: Any, rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"))
    await rig.parked(run_id)
    await rig.close()
    again = make_rig()
    again.work()
    assert again.engine.status(run_id) == "parked"
    await again.decide(run_id, "approve")
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    waited = again.kinds(run_id).count("awaiting_approval")
    assert waited == 1, "nothing is asked anew"
