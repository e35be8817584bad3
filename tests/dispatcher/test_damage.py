"""A defect of ours, or a byte that is not what was written, costs one run and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import CallsheetError, Damaged
from contracts.run import RunState
from storage.statement import Statement
from tests.dispatcher.acting import hang


class NoAgent:
    """What a registry should never give."""


def damage(rig: Any, run_id: str, change: str) -> None:
    """Change a run's row behind everybody's back, as a flipped bit does."""
    rig.database.commit([Statement(f"UPDATE run SET {change} WHERE run_id = ?", (run_id,))]).result(10)


async def unfinished(rig: Any, make_step: Any, count: int) -> list[str]:
    """Leave runs behind that are not over."""
    rig.agents.add("hang", hang)
    runs = [await rig.start(make_step("a", agent="hang")) for _ in range(count)]
    await rig.until(lambda: all(rig.ended(run_id).started_ms for run_id in runs))
    return runs


async def test_a_defect_in_a_run_ends_it_as_failed_and_no_other(rig: Any, make_step: Any) -> None:
    rig.agents.known["bomb"] = NoAgent()
    run_id = await rig.start(make_step("a"), make_step("b", "a", agent="bomb"))
    other = await rig.start(make_step("a"))
    run = await rig.end_of(run_id)
    assert (run.state, run.error.code) == (RunState.FAILED, "internal.error")
    assert rig.lines(run_id)[-1].kind == "failed"
    assert (await rig.end_of(other)).state is RunState.SUCCEEDED
    assert rig.engine.status(run_id) == "absent"
    assert rig.engine._runs.slots.taken == 0


async def test_a_defect_while_others_run_gives_every_place_back(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(concurrency=2)
    rig.agents.known["bomb"] = NoAgent()
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"), make_step("b"), make_step("c", "b", agent="bomb"))
    assert (await rig.end_of(run_id)).error.code == "internal.error"
    assert (await rig.run(*[make_step(f"s{i}") for i in range(4)])).state is RunState.SUCCEEDED
    await rig.until(lambda: rig.engine._runs.slots.taken == 0)


async def test_an_agent_that_cancels_itself_has_crashed(rig: Any, make_step: Any) -> None:
    async def cancels(call: AgentCall) -> None:
        raise asyncio.CancelledError

    rig.agents.add("cancels", cancels)
    run = await rig.run(make_step("a", agent="cancels"), make_step("b"))
    assert (run.state, rig.codes()) == (RunState.FAILED, {"a": "agent.crashed"})


async def test_a_damaged_run_is_not_gone_on_with_and_the_others_are(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    runs = await unfinished(rig, make_step, 3)
    damage(rig, runs[1], "inputs = '{\"a\":1}'")
    await rig.die()
    again = make_rig()
    calls = again.agents.add("hang", again.agents.known["echo"].body).calls
    again.work()
    for run_id in (runs[0], runs[2]):
        assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    assert runs[1] not in {c.run_id for c in calls}
    with pytest.raises(Damaged):
        again.ended(runs[1])


async def test_a_damaged_line_in_the_list_of_runs_stops_no_other_run(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    runs = await unfinished(rig, make_step, 3)
    damage(rig, runs[1], "priority = 7")
    await rig.die()
    again = make_rig()
    again.agents.add("hang", again.agents.known["echo"].body)
    again.work()
    for run_id in (runs[0], runs[2]):
        assert (await again.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_damaged_run_among_those_that_are_due_keeps_no_other_from_waking(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    runs = [await rig.start(make_step("a", approval="always"), budget={"wall_s": 60}) for _ in range(3)]
    for run_id in runs:
        await rig.parked(run_id)
    damage(rig, runs[1], "priority = 7")
    await rig.close()
    rig.clock.advance(61)
    again = make_rig(clock=rig.clock)
    again.work()
    for run_id in (runs[0], runs[2]):
        assert (await again.end_of(run_id)).error.code == "run.deadline"


@pytest.mark.parametrize("change", ["inputs = '{\"a\":1}'", "priority = 7"])
async def test_asking_something_of_a_damaged_run_is_answered(
    make_rig: Any, make_step: Any, change: str
) -> None:
    rig = make_rig()
    run_id = await rig.start(make_step("a", approval="always"))
    await rig.parked(run_id)
    damage(rig, run_id, change)
    with pytest.raises(CallsheetError) as refused:
        await asyncio.wait_for(rig.engine.cancel(run_id, "enough"), 5)
    assert refused.value.code == "storage.damaged"
