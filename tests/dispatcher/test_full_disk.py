"""A disk that is full for a while: nothing is acknowledged that is not kept, and runs go on once there is room."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import OutOfSpace
from contracts.run import RunState
from storage.statement import Statement
from tests.dispatcher.acting import hang

LARGE = 60_000
"""Characters that find no room in the pages there are, and go to no blob."""


def noise(seed: int) -> str:
    return random.Random(seed).randbytes(LARGE // 2).hex()


async def large(call: AgentCall) -> str:
    return noise(call.attempt)


def fill(rig: Any) -> None:
    """Let the file grow no more."""
    rig.database.commit([Statement("PRAGMA max_page_count = 1")]).result(10)


def make_room(rig: Any) -> None:
    """Let it grow again; what shares a commit with a unit that finds no room fails with it."""
    while True:
        with contextlib.suppress(OutOfSpace):
            rig.database.commit([Statement("PRAGMA max_page_count = 1000000")]).result(10)
            return


async def test_a_run_goes_on_where_it_was_once_there_is_room_again(rig: Any, make_step: Any) -> None:
    async def fills(call: AgentCall) -> str:
        if len(rig.agents.known["fills"].calls) == 1:
            await rig.until(lambda: rig.attempts(call.run_id))  # pure steps run ahead of the disk
            fill(rig)
        return await large(call)

    rig.agents.add("large", large)
    rig.agents.add("fills", fills)
    run_id = await rig.start(make_step("a", agent="large"), make_step("b", "a", agent="fills"))
    await rig.until(lambda: len(rig.agents.known["fills"].calls) > 3)
    assert rig.attempts(run_id) == [("a", None, 1, "success")], "what was not kept is not told"
    make_room(rig)
    run = await rig.end_of(run_id)
    assert run.state is RunState.SUCCEEDED
    assert rig.attempts(run_id) == [("a", None, 1, "success"), ("b", None, 1, "success")]
    assert len(rig.agents.known["large"].calls) == 1, "what was kept is not run again"
    heard = [e for e in rig.events if e.kind == "attempt_ended"]
    assert [e.event_id for e in heard] == sorted({e.event_id for e in heard})
    assert 0.5 in rig.clock.slept, "it is not tried in a tight loop"


async def test_a_run_that_cannot_be_kept_is_not_accepted(rig: Any, make_step: Any) -> None:
    fill(rig)
    run = rig.new_run(make_step("a"), run={"run_id": "r", "inputs": {"big": noise(1)}})
    with pytest.raises(OutOfSpace):
        await rig.engine.submit(run)
    assert (rig.engine.status("r"), rig.journal.state("r")) == ("absent", None)
    assert rig.agents.known["echo"].calls == []
    make_room(rig)
    await rig.engine.submit(run)
    assert (await rig.end_of("r")).state is RunState.SUCCEEDED


async def test_a_cancel_that_cannot_be_kept_is_refused_and_the_run_goes_on(rig: Any, make_step: Any) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    fill(rig)
    with pytest.raises(OutOfSpace):
        await rig.engine.cancel(run_id, noise(1))
    make_room(rig)
    await rig.until(lambda: len(rig.agents.known["hang"].calls) == 2)
    run = rig.ended(run_id)
    assert (run.state, run.cancel_reason) == (RunState.RUNNING, None)


async def test_a_signal_that_cannot_be_kept_is_refused(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"))
    await rig.parked(run_id)
    fill(rig)
    with pytest.raises(OutOfSpace):
        await rig.tell(run_id, "go", noise(1))
    make_room(rig)
    await rig.decide(run_id, "approve")
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


async def test_an_effect_whose_intent_cannot_be_kept_does_not_happen(rig: Any, make_step: Any) -> None:
    async def fills(call: AgentCall) -> str:
        if len(rig.agents.known["fills"].calls) == 1:
            fill(rig)
        return await large(call)

    rig.agents.add("fills", fills)
    send = rig.agents.add("send", large, effect="effectful")
    run_id = await rig.start(make_step("a", agent="fills"), make_step("b", "a", agent="send"))
    await rig.until(lambda: len(rig.agents.known["fills"].calls) > 2)
    assert send.calls == []
    make_room(rig)
    assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED
    assert len(send.calls) == 1
