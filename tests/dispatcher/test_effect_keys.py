"""Idempotent steps: one key for every attempt, and nothing runs ahead of what it builds on."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.agent import AgentCall
from contracts.errors import AttemptFailed
from tests.dispatcher.acting import hang


async def test_the_key_is_the_same_for_every_attempt_and_bound_to_the_inputs(
    make_rig: Any, make_step: Any
) -> None:
    async def flaky(call: AgentCall) -> Any:
        raise AttemptFailed("test.flaky", "again", retryable=True)

    rig = make_rig()
    rig.agents.add("once", flaky, effect="idempotent", retries=1)
    plan = [
        make_step("a", agent="once", bind={"n": {"literal": 1}}),
        make_step("b", agent="once", bind={"n": {"literal": 1}}),
        make_step("c", agent="once", bind={"n": {"literal": 2}}),
    ]
    await rig.run(*plan)
    await rig.run(*plan)
    keys: dict[tuple[str, str], set[str]] = {}
    for call in rig.agents.known["once"].calls:
        keys.setdefault((call.run_id, call.subtask_id), set()).add(call.idempotency_key)
    assert [len(found) for found in keys.values()] == [1] * 6
    assert len({key for found in keys.values() for key in found}) == 6
    assert all(len(key) == 64 for found in keys.values() for key in found)


async def test_the_key_is_the_same_after_a_restart(make_rig: Any, make_step: Any) -> None:
    keys = []
    run_id = ""
    for process in range(3):
        rig = make_rig()
        agent = rig.agents.add("once", hang, effect="idempotent")
        if process:
            rig.work()
        else:
            run_id = await rig.under_way("once")
        await rig.until(lambda calls=agent.calls: calls)
        keys.append(agent.calls[0].idempotency_key)
        await rig.die()
    assert run_id
    assert len(set(keys)) == 1


async def test_an_idempotent_step_waits_until_what_precedes_it_is_durable(rig: Any, make_step: Any) -> None:
    seen: dict[str, int] = {}

    async def sees(call: AgentCall) -> Any:
        seen[call.subtask_id] = len(rig.attempts(call.run_id))
        return 1

    rig.agents.add("once", sees, effect="idempotent")
    rig.agents.add("pure", sees)
    chain = [
        make_step("a"),
        make_step("b", "a"),
        make_step("c", "b", agent="once"),
        make_step("d", "c", agent="once"),
    ]
    await rig.run(*chain)
    assert seen == {"c": 2, "d": 3}


async def test_a_pure_step_runs_ahead_of_the_disk(rig: Any, make_step: Any) -> None:
    rig.database.left = 1
    run_id = await rig.start(*[make_step(f"s{i}", *([f"s{i - 1}"] if i else [])) for i in range(5)])
    await rig.until(lambda: len(rig.agents.known["echo"].calls) == 5)
    assert rig.kinds(run_id) == ["queued", "running"], "as it was accepted"
    assert [e for e in rig.events if e.event_id > 2] == [], "and nobody is told of it"
    await rig.die()


async def test_a_step_that_waited_for_anything_keeps_its_place_until_its_end_is_durable(
    make_rig: Any, make_step: Any
) -> None:
    async def turns(_: AgentCall) -> Any:
        await asyncio.to_thread(int)
        return 1

    rig = make_rig(1)
    calls = rig.agents.add("turns", turns).calls
    rig.database.left = 1
    await rig.start(make_step("a", agent="turns"), make_step("b", agent="turns"))
    await rig.until(rig.database.died.is_set)
    await rig.die()
    assert [call.subtask_id for call in calls] == ["a"]
