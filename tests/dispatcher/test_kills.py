"""Killed at any moment, a run goes on: nothing finished is lost, changed or done again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import AttemptFailed
from contracts.run import RunState
from tests.dispatcher.acting import broken, index


async def flaky(call: AgentCall) -> Any:
    if call.attempt < 2:
        raise AttemptFailed("test.flaky", "again", retryable=True)
    return {"n": call.attempt}


def furnish(rig: Any) -> None:
    rig.agents.add("flaky", flaky, retries=1)
    rig.agents.add("index", index)
    rig.agents.add("broken", broken)
    rig.agents.add("once", rig.agents.known["echo"].body, effect="idempotent")


def everything(step: Any) -> list[Any]:
    """A plan with a bit of everything."""
    rows = step("rows", bind={"rows": {"literal": ["x", "y", "z"]}})
    each = {"key": "k_rows", "pointer": "/rows"}
    return [
        rows,
        step("each", "rows", agent="index", foreach=each),
        step("flaky", agent="flaky"),
        step("broken", agent="broken"),
        step("lost", "broken"),
        step("ruled_out", "rows", when={"key": "k_rows", "op": "empty"}),
        step("late", "rows", agent="broken", on_failure="fallback", fallback_agent="echo"),
        step("once", "each", "flaky", agent="once"),
    ]


EXPECTED = {
    "rows": "success", "each": "success", "flaky": "success", "broken": "failure", "lost": "skipped",
    "ruled_out": "skipped", "late": "success", "once": "success",
}  # fmt: skip


@pytest.mark.parametrize("units", range(1, 18))
async def test_after_a_kill_at_any_moment_the_rest_is_done_and_nothing_twice(
    make_rig: Any, make_step: Any, units: int
) -> None:
    rig = make_rig(concurrency=2)
    furnish(rig)
    rig.database.left = units
    run_id = await rig.start(*everything(make_step), result_key="k_once")
    ending = asyncio.create_task(rig.engine.wait(run_id, 10))
    dying = asyncio.create_task(rig.database.died.wait())
    await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
    await rig.die()

    again = make_rig(concurrency=2)
    furnish(again)
    before = again.attempts(run_id)
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, again.statuses(run_id)) == (RunState.SUCCEEDED, EXPECTED)
    after = again.attempts(run_id)
    assert after[: len(before)] == before, "what was kept stays as it was"
    assert [name for name, n in Counter(a[:3] for a in after).items() if n > 1] == []
    assert [line.event_id for line in again.lines(run_id)] == list(range(1, len(again.lines(run_id)) + 1))
    finished = {(sid, index) for sid, index, _, status in before if status in {"success", "skipped"}}
    calls = [c for agent in again.agents.known.values() for c in agent.calls]
    assert finished.isdisjoint({(c.subtask_id, c.item_index) for c in calls})
    each = [{"at": i, "of": row} for i, row in enumerate("xyz")]
    assert run.result == {"k_each": each, "k_flaky": {"n": 2}}


@pytest.mark.parametrize("kills", [(3, 2, 2, 2, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1, 1), (5, 1, 5, 1)])
async def test_a_run_killed_again_and_again_ends_all_the_same(
    make_rig: Any, make_step: Any, kills: tuple[int, ...]
) -> None:
    run_id = ""
    for units in kills:
        rig = make_rig(concurrency=2)
        furnish(rig)
        rig.database.left = units
        if run_id:
            rig.work()
        else:
            run_id = await rig.start(*everything(make_step))
        ending = asyncio.create_task(rig.engine.wait(run_id, 10))
        dying = asyncio.create_task(rig.database.died.wait())
        await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
        await rig.die()
    last = make_rig()
    furnish(last)
    last.work()
    await last.end_of(run_id)
    assert last.statuses(run_id) == EXPECTED
    done = [a[:2] for a in last.attempts(run_id) if a[3] in {"success", "skipped"}]
    assert len(done) == len(set(done))


async def test_a_fan_out_wider_than_the_places_loses_no_element_to_a_kill(
    make_rig: Any, make_step: Any
) -> None:
    rows = make_step("rows", bind={"rows": {"literal": list(range(100))}})
    each = make_step("each", "rows", agent="index", foreach={"key": "k_rows", "pointer": "/rows"})
    rig = make_rig(concurrency=4)
    furnish(rig)
    rig.database.left = 40
    run_id = await rig.start(rows, each)
    await rig.database.died.wait()
    await rig.die()
    again = make_rig(concurrency=4)
    furnish(again)
    kept = len(again.attempts(run_id))
    again.work()
    run = await again.end_of(run_id)
    assert [item["at"] for item in run.result] == list(range(100))
    calls = len(again.agents.known["index"].calls) + len(again.agents.known["echo"].calls)
    assert calls == 101 - kept
    assert 30 < kept < 42
