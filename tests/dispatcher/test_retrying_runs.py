"""A child run keeps what its parent finished and does the rest anew."""

from __future__ import annotations

import random
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.clock import SystemClock, unix_ms
from contracts.errors import Conflict, InvalidInput
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from dispatcher.child import child_of
from dispatcher.ids import Ids
from tests.dispatcher.acting import CANARY, broken, hang

IDS = Ids(SystemClock(), random.Random())


def child(rig: Any, parent: Run, **more: Any) -> Any:
    """Return the run that tries another again, as a service makes it."""
    given = {"ids": IDS, "now_ms": unix_ms(rig.clock.now()), **more}
    return child_of(parent, rig.runs.values(parent.run_id), **given)


async def retried(rig: Any, parent: Run, **more: Any) -> Run:
    run, kept = child(rig, parent, **more)
    await rig.engine.submit(run, kept=kept)
    ended: Run = await rig.end_of(run.run_id)
    return ended


async def failed(rig: Any, make_step: Any) -> Run:
    """Run a plan of which one branch fails."""
    rig.agents.add("shaky", broken)
    steps = [make_step("a"), make_step("b", "a", agent="shaky"), make_step("c", "b"), make_step("d", "a")]
    run: Run = await rig.run(*steps, result_key="k_c")
    rig.agents.add("shaky", rig.agents.known["echo"].body)
    rig.agents.known["echo"].calls.clear()
    return run


async def test_what_the_parent_finished_is_kept_and_the_rest_is_done(rig: Any, make_step: Any) -> None:
    parent = await failed(rig, make_step)
    run = await retried(rig, parent)
    assert (run.state, run.parent_id, run.run_id != parent.run_id) == (
        RunState.SUCCEEDED,
        parent.run_id,
        True,
    )
    assert sorted(c.subtask_id for c in rig.agents.known["echo"].calls) == ["c"]
    assert rig.attempts(run.run_id) == [
        ("a", None, 0, "success"),
        ("d", None, 0, "success"),
        ("b", None, 1, "success"),
        ("c", None, 1, "success"),
    ]
    assert rig.runs.values(run.run_id).keys() == {"k_a", "k_b", "k_c", "k_d"}


async def test_the_parent_stays_as_it_is(rig: Any, make_step: Any) -> None:
    parent = await failed(rig, make_step)
    lines = rig.lines(parent.run_id)
    await retried(rig, parent)
    assert (rig.ended(parent.run_id), rig.lines(parent.run_id)) == (parent, lines)


async def test_what_was_asked_of_the_parent_is_asked_of_the_child(rig: Any, make_step: Any) -> None:
    rig.agents.add("shaky", broken)
    about = {"priority": 7, "home_zone": "Asia/Tokyo", "inputs": {"z": 1}, "deadline_ms": 1}
    parent = await rig.run(make_step("a", agent="shaky"), run={**about, "deadline_ms": None})
    run, kept = child(rig, parent)
    assert (run.priority, run.home_zone, run.inputs, run.plan, run.policy) == (
        7,
        "Asia/Tokyo",
        {"z": 1},
        parent.plan,
        parent.policy,
    )
    assert (run.state, run.started_ms, run.deadline_ms, run.cancel_reason, run.error, kept) == (
        RunState.QUEUED,
        None,
        None,
        None,
        None,
        [],
    )


async def test_a_childs_events_count_from_one_without_a_gap(rig: Any, make_step: Any) -> None:
    run = await retried(rig, await failed(rig, make_step))
    assert [line.event_id for line in rig.lines(run.run_id)] == list(range(1, 8))
    assert rig.kinds(run.run_id)[:3] == ["queued", "attempt_ended", "attempt_ended"]


async def test_a_child_of_a_child_keeps_what_both_finished(rig: Any, make_step: Any) -> None:
    parent = await failed(rig, make_step)
    rig.agents.add("echo", broken)
    second = await retried(rig, parent)
    assert second.state is RunState.FAILED
    rig.agents.add("echo", rig.agents.known["shaky"].body)
    third = await retried(rig, second)
    assert third.state is RunState.SUCCEEDED
    assert [a[0] for a in rig.attempts(third.run_id) if a[2]] == ["c"]


async def test_a_child_killed_on_its_way_goes_on_with_what_it_kept(
    make_rig: Any, rig: Any, make_step: Any
) -> None:
    parent = await failed(rig, make_step)
    rig.agents.add("shaky", hang)
    run, kept = child(rig, parent)
    await rig.engine.submit(run, kept=kept)
    await rig.until(lambda: rig.agents.known["shaky"].calls)
    await rig.die()
    again = make_rig()
    again.agents.add("shaky", again.agents.known["echo"].body)
    again.work()
    ended = await again.end_of(run.run_id)
    assert ended.state is RunState.SUCCEEDED
    assert [c.subtask_id for c in again.agents.known["echo"].calls] == ["c"]


async def test_a_cancelled_run_can_be_tried_again(rig: Any, make_step: Any) -> None:
    rig.agents.add("slow", hang)
    run_id = await rig.start(make_step("a"), make_step("b", "a", agent="slow"))
    await rig.until(lambda: rig.agents.known["slow"].calls)
    await rig.engine.cancel(run_id, "enough")
    parent = await rig.end_of(run_id)
    rig.agents.add("slow", rig.agents.known["echo"].body)
    run = await retried(rig, parent)
    assert (run.state, run.cancel_reason) == (RunState.SUCCEEDED, None)
    assert rig.attempts(run.run_id) == [("a", None, 0, "success"), ("b", None, 1, "success")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": RunState.RUNNING}, "run.not_ended"),
        ({"is_redacted": True}, "run.redacted"),
        ({"plan": None}, "run.no_plan"),
    ],
)
async def test_what_cannot_be_tried_again_says_why(
    rig: Any, make_step: Any, change: dict[str, Any], code: str
) -> None:
    parent = await failed(rig, make_step)
    with pytest.raises(Conflict) as refused:
        child(rig, parent.model_copy(update=change))
    assert refused.value.code == code


async def test_a_value_that_lost_a_secret_is_not_taken_over(make_rig: Any, make_step: Any) -> None:
    async def tells(call: AgentCall) -> str:
        return f"it is {CANARY}"

    rig = make_rig(secrets=[CANARY])
    rig.agents.add("tells", tells)
    rig.agents.add("shaky", broken)
    parent = await rig.run(make_step("a", agent="tells"), make_step("b", "a", agent="shaky"))
    with pytest.raises(Conflict) as refused:
        child(rig, parent)
    assert refused.value.code == "run.redacted"


async def unknown_parent(rig: Any, make_step: Any) -> Run:
    """Return a run of which nobody knows whether it was paid."""

    async def crashes(call: AgentCall) -> None:
        raise ConnectionResetError

    rig.agents.add("pay", crashes, effect="effectful")
    run: Run = await rig.run(make_step("a"), make_step("b", "a", agent="pay"), make_step("c", "b"))
    assert rig.codes(run.run_id)["b"] == "effect.unknown"
    rig.agents.add("pay", rig.agents.known["echo"].body, effect="effectful")
    rig.agents.known["echo"].calls.clear()
    return run


async def test_an_unknown_effect_must_be_settled_first(rig: Any, make_step: Any) -> None:
    parent = await unknown_parent(rig, make_step)
    with pytest.raises(Conflict) as refused:
        child(rig, parent, unknown=["b"])
    assert (refused.value.code, refused.value.data) == ("effect.unsettled", {"subtasks": ["b"]})


async def test_an_effect_settled_as_done_is_not_caused_again(rig: Any, make_step: Any) -> None:
    parent = await unknown_parent(rig, make_step)
    settled = {"b": {"outcome": "done", "output": {"paid": 5}}}
    run = await retried(rig, parent, unknown=["b"], settled=settled)
    assert (run.state, run.result) == (RunState.SUCCEEDED, {"k_b": {"paid": 5}})
    assert rig.agents.known["pay"].calls == []


async def test_an_effect_settled_as_not_done_is_caused_anew(rig: Any, make_step: Any) -> None:
    parent = await unknown_parent(rig, make_step)
    run = await retried(rig, parent, unknown=["b"], settled={"b": {"outcome": "not_done"}})
    assert run.state is RunState.SUCCEEDED
    assert len(rig.agents.known["pay"].calls) == 1


@pytest.mark.parametrize(
    "settled",
    [{"b": {"outcome": "perhaps"}}, {"nobody": {"outcome": "done"}}, {"b": {}}, {"b": {"outcome": None}}],
)
async def test_a_settlement_that_settles_nothing_is_refused(
    rig: Any, make_step: Any, settled: dict[str, Any]
) -> None:
    parent = await unknown_parent(rig, make_step)
    with pytest.raises(InvalidInput) as refused:
        child(rig, parent, unknown=["b"], settled=settled)
    assert refused.value.code == "effect.bad_settlement"


async def test_elements_that_took_effect_are_not_repeated(rig: Any, make_step: Any) -> None:
    async def second_hangs(call: AgentCall) -> Any:
        if call.item_index == 1:
            return await hang(call)
        return {"sent": call.item_index}

    rig.agents.add("send", second_hangs, effect="effectful")
    rows = make_step("a", bind={"rows": {"literal": [0, 1, 2]}})
    each = make_step("b", "a", agent="send", foreach={"key": "k_a", "pointer": "/rows"})
    run_id = await rig.start(rows, each)
    await rig.until(lambda: len(rig.attempts(run_id)) == 3)
    await rig.engine.cancel(run_id, "enough")
    parent = await rig.end_of(run_id)
    assert parent.subtasks["b"] is not TraceStatus.SUCCESS

    async def sends(call: AgentCall) -> Any:
        return {"sent": call.item_index}

    agent = rig.agents.add("send", sends, effect="effectful")
    done = {0: {"sent": 0}, 2: {"sent": 2}}
    run = await retried(
        rig, parent, elements={"b": done}, unknown=["b"], settled={"b": {"outcome": "not_done"}}
    )
    assert run.result == [{"sent": 0}, {"sent": 1}, {"sent": 2}]
    assert [c.item_index for c in agent.calls] == [1]
