"""A second engine takes a run over: what the first one still does reaches nothing."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import CallsheetError, Fenced, Unavailable
from contracts.run import RunEvent, RunState
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.limits import Limits
from tests.dispatcher.acting import Agents, hang
from tests.dispatcher.mortal import Recorded
from tests.dispatcher.rig import Rig
from traces.redaction import Redactor


class Second:
    """Another engine with a journal of its own over the rig's file."""

    def __init__(self, rig: Rig) -> None:
        self.agents = Agents()
        self.events: list[RunEvent] = []
        self.journal = Recorded(rig.database, Redactor(()))
        self.engine = LocalEngine(
            registry=self.agents,
            journal=self.journal,
            clock=rig.clock,
            ids=Ids(rig.clock, random.Random()),
            rng=random.Random(7),
            plan=rig._make_plan,
            observer=self.events.append,
            limits=Limits(stop_grace_s=0.05),
        )


async def test_what_a_run_taken_over_still_gives_is_fenced_and_changes_nothing(
    rig: Any, make_step: Any
) -> None:
    release = asyncio.Event()

    async def slow(call: AgentCall) -> Any:
        await release.wait()
        return "old"

    async def quick(call: AgentCall) -> Any:
        return "new"

    rig.agents.add("slow", slow)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a"))
    await rig.until(lambda: rig.ended(run_id).started_ms and rig.agents.known["slow"].calls)
    second = Second(rig)
    second.agents.add("slow", quick)
    second.agents.add("echo", rig.agents.known["echo"].body)
    await second.engine.wake(run_id)
    assert await second.engine.wait(run_id, 10)
    run, lines, heard = rig.ended(run_id), rig.lines(run_id), len(rig.events)
    assert run.result == {"k_a": "new"}
    release.set()
    await rig.until(lambda: rig.engine.status(run_id) == "absent")
    assert (rig.ended(run_id), rig.lines(run_id)) == (run, lines)
    assert [e for e in rig.events[heard:] if e.event_id] == [], "what was fenced is told to nobody"
    await second.engine.drain(0)


async def test_the_fenced_engine_lets_go_and_does_not_take_it_up_again(rig: Any, make_step: Any) -> None:
    release = asyncio.Event()

    async def slow(call: AgentCall) -> Any:
        await release.wait()
        return 1

    agent = rig.agents.add("slow", slow)
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a", agent="slow"))
    await rig.until(lambda: rig.ended(run_id).started_ms and agent.calls)
    second = Second(rig)
    waiting = second.agents.add("slow", hang)
    await second.engine.wake(run_id)
    await rig.until(lambda: waiting.calls)
    release.set()
    await rig.until(lambda: run_id not in rig.engine._runs.active)
    assert rig.attempts(run_id) == []
    await rig.run(make_step("x"))
    assert (run_id in rig.engine._runs.active, [c.subtask_id for c in agent.calls].count("a")) == (False, 1)
    await second.engine.cancel(run_id, "over")
    assert await second.engine.wait(run_id, 10)
    await second.engine.drain(0)


async def test_a_cancel_by_the_fenced_engine_is_not_acknowledged(rig: Any, make_step: Any) -> None:
    rig.agents.add("slow", hang)
    run_id = await rig.start(make_step("a", agent="slow"))
    await rig.until(lambda: rig.ended(run_id).started_ms and rig.agents.known["slow"].calls)
    second = Second(rig)
    waiting = second.agents.add("slow", hang)
    await second.engine.wake(run_id)
    await rig.until(lambda: waiting.calls)
    with pytest.raises(Unavailable, match="read anew"):  # it has not ended, so nobody is told that it has
        await rig.engine.cancel(run_id, "by the old one")
    assert rig.ended(run_id).cancel_reason is None
    assert await second.engine.cancel(run_id, "by the new one")
    assert await second.engine.wait(run_id, 10)
    assert rig.ended(run_id).error.message == "by the new one"
    await second.engine.drain(0)


async def test_an_effect_of_a_run_taken_over_is_not_begun(rig: Any, make_step: Any) -> None:
    gate = asyncio.Event()

    async def slow(call: AgentCall) -> Any:
        await gate.wait()
        return 1

    rig.agents.add("slow", slow)
    send = rig.agents.add("send", rig.agents.known["echo"].body, effect="effectful")
    run_id = await rig.start(make_step("a", agent="slow"), make_step("b", "a", agent="send"))
    await rig.until(lambda: rig.ended(run_id).started_ms and rig.agents.known["slow"].calls)
    second = Second(rig)
    waiting = second.agents.add("slow", hang)
    await second.engine.wake(run_id)
    await rig.until(lambda: waiting.calls)
    gate.set()
    await rig.until(lambda: run_id not in rig.engine._runs.active)
    assert send.calls == []
    await second.engine.drain(0)


async def test_each_opening_raises_the_epoch_by_one(make_rig: Any, make_step: Any) -> None:
    run_id, epochs = "", []
    for process in range(4):
        rig = make_rig()
        rig.agents.add("hang", hang)
        if process:
            rig.work()
        else:
            run_id = await rig.start(make_step("a", agent="hang"))
        await rig.until(lambda rig=rig: rig.agents.known["hang"].calls)
        (course,) = rig.engine._runs.active.values()
        epochs.append(course.epoch)
        await rig.until(lambda rig=rig, run_id=run_id: rig.ended(run_id).started_ms)
        await rig.die()
    assert epochs == [1, 2, 3, 4]


async def test_a_parked_run_taken_over_and_ended_hears_no_approval(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"))
    await rig.parked(run_id)
    second = Second(rig)
    await second.engine.cancel(run_id, "over")
    assert await second.engine.wait(run_id, 10)
    refused: CallsheetError | None = None
    try:
        await rig.decide(run_id, "approve")
    except CallsheetError as exc:
        refused = exc
    assert refused is not None
    assert (refused.code, isinstance(refused.__cause__, Fenced)) == ("run.ended", True)
    assert rig.ended(run_id).state is RunState.CANCELLED
    await second.engine.drain(0)
