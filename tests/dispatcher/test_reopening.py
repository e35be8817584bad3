"""A run whose opening could not be kept: nothing it still does counts once it is opened anew."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from contracts.agent import AgentCall
from contracts.run import RunState
from storage.statement import Statement
from tests.dispatcher.acting import hang


@contextlib.contextmanager
def locked(rig: Any) -> Iterator[None]:
    """Let nothing be written."""
    rig.database.commit([Statement("PRAGMA busy_timeout = 0")]).result(10)
    with contextlib.closing(sqlite3.connect(rig.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_what_an_unkept_opening_began_is_not_kept_under_the_next_ones_epoch(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.agents.add("slow", hang)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a"))
    await rig.until(lambda: rig.agents.known["slow"].calls)
    await rig.die()
    again = make_rig(stop_grace_s=30)
    gates = [asyncio.Event(), asyncio.Event()]

    async def stubborn(call: AgentCall) -> int:
        mine = len(agent.calls) - 1
        with contextlib.suppress(asyncio.CancelledError):
            await gates[mine].wait()
        await gates[mine].wait()
        return mine

    agent = again.agents.add("slow", stubborn)
    again.clock.is_held = True
    with locked(again):
        again.work()
        await again.until(lambda: again.clock.slept)
    again.clock.advance(1)
    await again.until(lambda: len(agent.calls) == 2)
    gates[0].set()
    await again.until(lambda: again.engine._runs.slots.taken == 1)
    assert again.attempts(run_id) == []
    gates[1].set()
    run = await again.end_of(run_id)
    assert (run.state, run.result) == (RunState.SUCCEEDED, {"k_a": 1})
    assert again.attempts(run_id) == [("a", None, 1, "success"), ("b", None, 1, "success")]
