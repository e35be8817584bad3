"""What an agent does to the world happens at most once, and whoever cannot know that says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from contracts.agent import AgentCall, NotDone
from contracts.run import RunState
from tests.dispatcher.acting import hang


class Ledger:
    """Somebody else's book, which no kill of ours forgets."""

    def __init__(self) -> None:
        self.booked: Counter[str] = Counter()
        self.intended: list[int] = []

    def agent(self, rig: Any) -> Any:
        async def book(call: AgentCall) -> Any:
            self.intended.append(rig.intents(call.run_id))
            self.booked[f"{call.run_id}/{call.subtask_id}/{call.item_index}"] += 1
            return {"booked": call.subtask_id}

        return book

    async def look(self, call: AgentCall) -> Any:
        was_booked = self.booked[f"{call.run_id}/{call.subtask_id}/{call.item_index}"]
        return {"booked": call.subtask_id, "found": True} if was_booked else NotDone()


async def test_the_intent_is_on_the_disk_before_the_effect_begins(rig: Any, make_step: Any) -> None:
    ledger = Ledger()
    rig.agents.add("book", ledger.agent(rig), effect="effectful")
    steps = [make_step(f"s{i}", *([f"s{i - 1}"] if i else []), agent="book") for i in range(4)]
    run = await rig.run(*steps)
    assert ledger.intended == [1, 2, 3, 4]
    assert rig.kinds(run.run_id)[2:] == ["intent", "attempt_ended"] * 4 + ["succeeded"]


async def test_a_result_and_the_intent_it_leads_to_share_a_commit(rig: Any, make_step: Any) -> None:
    handed: list[int] = []
    submit = rig.database.submit

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(rig.database, name)

        def submit(self, units: Any) -> None:
            handed.append(len(units))
            submit(units)

    rig.journal._database = Watching()
    rig.agents.add("send", rig.agents.known["echo"].body, effect="effectful")
    await rig.run(
        make_step("a", agent="send"), make_step("b", "a", agent="send"), make_step("c", "b", agent="send")
    )
    # created and started; the intent of a; result and next intent, twice; the last result and the end
    assert handed == [1, 1, 2, 2, 2]


@pytest.mark.parametrize("units", range(1, 12))
async def test_a_kill_at_any_moment_never_causes_an_effect_twice(
    make_rig: Any, make_step: Any, units: int
) -> None:
    ledger, rig = Ledger(), make_rig()
    plan = [
        make_step("a", agent="book"),
        make_step("b", "a", agent="book"),
        make_step("c", "b", agent="book"),
    ]
    rig.agents.add_reconciling("book", ledger.agent(rig), ledger.look, effect="effectful")
    rig.database.left = units
    run_id = await rig.start(*plan)
    ending = asyncio.create_task(rig.engine.wait(run_id, 10))
    dying = asyncio.create_task(rig.database.died.wait())
    await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
    await rig.die()

    again = make_rig()
    again.agents.add_reconciling("book", ledger.agent(again), ledger.look, effect="effectful")
    again.work()
    assert (await again.end_of(run_id)).state is RunState.SUCCEEDED
    assert ledger.booked == {f"{run_id}/{sid}/None": 1 for sid in "abc"}


@pytest.mark.parametrize("units", range(1, 12))
async def test_without_a_way_to_find_out_it_is_said_to_be_unknown_and_never_done_again(
    make_rig: Any, make_step: Any, units: int
) -> None:
    ledger, rig = Ledger(), make_rig()
    plan = [make_step(sid, agent="book") for sid in "ab"]
    rig.agents.add("book", ledger.agent(rig), effect="effectful")
    rig.database.left = units
    run_id = await rig.start(*plan)
    ending = asyncio.create_task(rig.engine.wait(run_id, 10))
    dying = asyncio.create_task(rig.database.died.wait())
    await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
    await rig.die()

    again = make_rig()
    again.agents.add("book", ledger.agent(again), effect="effectful")
    again.work()
    run = await again.end_of(run_id)
    unknown = {sid for sid, code in again.codes(run_id).items() if code == "effect.unknown"}
    assert all(count == 1 for count in ledger.booked.values())
    for sid, status in run.subtasks.items():
        assert (status == "success") == (sid not in unknown)
        assert ledger.booked[f"{run_id}/{sid}/None"] == 1 or sid in unknown


async def test_an_intent_without_a_result_is_unknown_after_a_restart(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.die()
    again = make_rig()
    calls = again.agents.add("send", hang, effect="effectful").calls
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, again.codes(run_id), calls) == (RunState.FAILED, {"b": "effect.unknown"}, [])
    assert again.attempts(run_id)[-1] == ("b", None, 1, "failure"), "the attempt that was begun"
    hint = again.kept(run_id)[-1].metadata.error.hint
    assert "retry RUN --settle SUBTASK=done|not_done" in hint


async def test_cancelling_an_effect_under_way_says_that_it_is_unknown(rig: Any, make_step: Any) -> None:
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.engine.cancel(run_id, "enough")
    run = await rig.end_of(run_id)
    assert (run.state, rig.codes(run_id)) == (RunState.CANCELLED, {"b": "effect.unknown"})
    assert rig.attempts(run_id)[-1] == ("b", None, 1, "failure")


async def test_cancelling_after_a_kill_under_way_says_that_it_is_unknown(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    await rig.die()
    again = make_rig()
    again.agents.add("send", hang, effect="effectful")
    assert await again.engine.cancel(run_id, "enough")
    run = await again.end_of(run_id)
    assert run.state is RunState.CANCELLED
    assert [(a[0], a[2], a[3]) for a in again.attempts(run_id)][1:] == [
        ("b", 1, "failure"),
        ("b", 0, "cancelled"),
    ]
    assert "effect.unknown" in {t.metadata.error.code for t in again.kept(run_id) if t.metadata.error}


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_effect_under_way_is_unknown_also_when_its_agent_is_gone(
    make_rig: Any, make_step: Any, *, is_cancelled: bool
) -> None:
    rig = make_rig()
    rig.agents.add("send", hang, effect="effectful")
    run_id = await rig.under_way()
    if is_cancelled:
        rig.database.left = 1
        assert await rig.engine.cancel(run_id, "enough")
    await rig.die()
    again = make_rig()
    again.work()
    await again.end_of(run_id)
    assert "effect.unknown" in {t.metadata.error.code for t in again.kept(run_id) if t.metadata.error}


async def test_an_effect_that_crashed_or_answered_nonsense_is_unknown(rig: Any, make_step: Any) -> None:
    async def crashes(call: AgentCall) -> Any:
        raise ConnectionResetError

    async def nonsense(call: AgentCall) -> Any:
        return object()

    rig.agents.add("crashes", crashes, effect="effectful")
    rig.agents.add("nonsense", nonsense, effect="effectful")
    await rig.run(make_step("a", agent="crashes"), make_step("b", agent="nonsense"))
    assert rig.codes() == {"a": "effect.unknown", "b": "effect.unknown"}


async def test_an_unknown_effect_does_not_fall_back_on_another_agent(rig: Any, make_step: Any) -> None:
    async def crashes(call: AgentCall) -> Any:
        raise ConnectionResetError

    rig.agents.add("crashes", crashes, effect="effectful")
    await rig.run(make_step("a", agent="crashes", on_failure="fallback", fallback_agent="echo"))
    assert rig.codes() == {"a": "effect.unknown"}
    assert rig.agents.known["echo"].calls == []
