"""What lost a secret when it was kept is never gone on with as if it were whole."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.agent import AgentCall
from contracts.run import RunState
from tests.dispatcher.acting import CANARY, hang, index


async def test_a_run_whose_plan_lost_a_secret_is_failed_when_it_is_taken_up(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(secrets=[CANARY])
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang", bind={"with": {"literal": CANARY}}))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    assert rig.agents.known["hang"].calls[0].inputs == {"with": CANARY}
    await rig.die()
    again = make_rig(secrets=[CANARY])
    calls = again.agents.add("hang", hang).calls
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, run.error.code, calls) == (RunState.FAILED, "run.redacted", [])


async def test_who_reads_a_value_that_lost_a_secret_fails_and_the_rest_goes_on(
    make_rig: Any, make_step: Any
) -> None:
    async def tells(call: AgentCall) -> str:
        return f"it is {CANARY}"

    rig = make_rig(secrets=[CANARY])
    rig.agents.add("tells", tells)
    rig.agents.add("hang", hang)
    plan = [make_step("a", agent="tells"), make_step("b", "a", agent="hang"), make_step("c", agent="hang")]
    run_id = await rig.start(*plan)
    await rig.until(lambda: len(rig.agents.known["hang"].calls) == 2)
    await rig.until(lambda: rig.attempts(run_id))
    await rig.die()
    again = make_rig(secrets=[CANARY])
    calls = again.agents.add("hang", again.agents.known["echo"].body).calls
    again.work()
    await again.end_of(run_id)
    assert again.codes(run_id) == {"b": "run.redacted"}
    assert again.statuses(run_id) == {"a": "success", "b": "failure", "c": "success"}
    assert [c.subtask_id for c in calls] == ["c"]


async def test_elements_that_lost_a_secret_are_not_passed_on_as_if_they_were_whole(
    make_rig: Any, make_step: Any
) -> None:
    async def tells(call: AgentCall) -> Any:
        if call.item_index:
            await asyncio.Event().wait()
        return f"it is {CANARY}"

    rows = make_step("rows", bind={"rows": {"literal": [0, 1]}})
    each = make_step("each", "rows", agent="tells", foreach={"key": "k_rows", "pointer": "/rows"})
    rig = make_rig(secrets=[CANARY])
    rig.agents.add("tells", tells)
    run_id = await rig.start(rows, each, make_step("reads", "each"))
    await rig.until(lambda: len(rig.attempts(run_id)) == 2)
    await rig.die()
    again = make_rig(secrets=[CANARY])
    again.agents.add("tells", index)
    again.work()
    await again.end_of(run_id)
    given = [c.inputs for c in again.agents.known["echo"].calls if c.subtask_id == "reads"]
    assert given == [], "a text with a hole in it is no input"
    assert "run.redacted" in again.codes(run_id).values()
