"""Who comes when: runs by priority and age, calls by the longest path, so many at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agent import AgentCall
from contracts.errors import Unavailable
from contracts.plan import load_plan
from contracts.run import RunState
from dispatcher.graph import Graph
from dispatcher.turns import RunQueue
from tests.dispatcher.acting import hang, step

MINUTE = 60_000
TURNS = st.tuples(st.integers(0, 10 * MINUTE), st.integers(-100, 100))


@given(st.lists(TURNS, max_size=20))
def test_runs_leave_the_queue_by_age_and_a_minute_for_each_point(turns: list[tuple[int, int]]) -> None:
    queue = RunQueue()
    for n, (created_ms, priority) in enumerate(turns):
        queue.push(f"r{n}", created_ms=created_ms, priority=priority)
    order = [int(queue.pop()[0][1:]) for _ in turns]
    ranks = [turns[n][0] - turns[n][1] * MINUTE for n in order]
    assert ranks == sorted(ranks)
    assert sorted(order) == list(range(len(turns)))


def test_an_old_run_of_low_priority_comes_before_a_young_one_of_high() -> None:
    queue = RunQueue()
    queue.push("young", created_ms=201 * MINUTE, priority=100)
    queue.push("old", created_ms=0, priority=-100)
    assert queue.pop()[0] == "old"


def test_runs_of_one_rank_come_in_the_order_they_came() -> None:
    queue = RunQueue()
    for n in range(5):
        queue.push(f"r{n}", created_ms=7, priority=3)
    assert [queue.pop()[0] for _ in range(5)] == [f"r{n}" for n in range(5)]


def test_a_run_taken_out_of_its_turn_is_gone_and_can_come_again() -> None:
    queue = RunQueue()
    queue.push("a", created_ms=1, priority=0)
    queue.push("b", created_ms=2, priority=0)
    queue.take("a")
    assert ("a" in queue, len(queue)) == (False, 1)
    queue.push("a", created_ms=3, priority=0)
    assert [queue.pop()[0] for _ in range(2)] == ["b", "a"]


def test_a_run_queued_twice_keeps_its_place() -> None:
    queue = RunQueue()
    queue.push("a", created_ms=1, priority=0)
    queue.push("a", created_ms=9, priority=0)
    queue.push("b", created_ms=5, priority=0)
    assert [queue.pop()[0] for _ in range(len(queue))] == ["a", "b"]


@given(st.integers(1, 12), st.data())
def test_the_longest_way_to_the_end_counts_every_step(count: int, data: st.DataObject) -> None:
    above = [data.draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(count)]
    steps: list[Any] = [step(f"s{i}", *(f"s{j}" for j in sorted(a))) for i, a in enumerate(above)]
    length = Graph(load_plan({"objective": "x", "subtasks": steps})).length
    for i in range(count):
        below = [j for j in range(count) if i in above[j]]
        assert length[f"s{i}"] == 1 + max((length[f"s{j}"] for j in below), default=0)


async def order_of(rig: Any, *runs: Any) -> list[str]:
    """Submit runs while the only place is taken; return in which order they are begun."""
    gate = asyncio.Event()
    began: list[str] = []

    async def first(call: AgentCall) -> Any:
        await gate.wait()
        return 1

    async def notes(call: AgentCall) -> Any:
        began.append(f"{call.run_id}/{call.subtask_id}")
        return 1

    rig.agents.add("first", first)
    rig.agents.add("notes", notes)
    blocker = await rig.start(step("a", agent="first"))
    await rig.until(lambda: rig.agents.known["first"].calls)
    for run in runs:
        await rig.engine.submit(run)
    gate.set()
    await rig.end_of(blocker)
    for run in runs:
        await rig.end_of(run.run_id)
    return began


@pytest.mark.parametrize("active_runs", [1, 100])
async def test_the_more_urgent_run_is_begun_first(make_rig: Any, make_step: Any, active_runs: int) -> None:
    rig = make_rig(concurrency=1, active_runs=active_runs)
    made = [
        rig.new_run(
            make_step("a", agent="notes"), run={"run_id": name, "priority": priority, "created_ms": at}
        )
        for name, priority, at in (("late", 0, 9), ("low", -1, 5), ("early", 0, 5), ("high", 1, 9))
    ]
    assert await order_of(rig, *made) == ["high/a", "early/a", "late/a", "low/a"]


async def test_within_a_run_the_longest_remaining_path_goes_first(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(concurrency=1)
    plan = [
        make_step("alone", agent="notes"),
        make_step("short", agent="notes"),
        make_step("short_end", "short", agent="notes"),
        make_step("long", agent="notes"),
        make_step("long_mid", "long", agent="notes"),
        make_step("long_end", "long_mid", agent="notes"),
    ]
    began = await order_of(rig, rig.new_run(*plan, run={"run_id": "r"}))
    assert [b.removeprefix("r/") for b in began] == [
        "long",
        "short",
        "long_mid",
        "alone",
        "short_end",
        "long_end",
    ]


async def test_one_agent_makes_no_more_attempts_at_once_than_its_limit(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(concurrency=8, per_agent={"heavy": 2})
    running = {"heavy": 0, "light": 0}
    most = {"heavy": 0, "light": 0}

    def body(name: str) -> Any:
        async def run(call: AgentCall) -> Any:
            running[name] += 1
            most[name] = max(most[name], running[name])
            await rig.clock.sleep(0)
            running[name] -= 1
            return 1

        return run

    for name in running:
        rig.agents.add(name, body(name))
    steps = [make_step(f"{name}{i}", agent=name) for i in range(12) for name in running]
    run = await rig.run(*steps)
    assert (run.state, most["heavy"]) == (RunState.SUCCEEDED, 2)
    assert most["light"] > 2, "who has no limit is not held up"


async def test_a_cancelled_call_gives_its_turn_with_a_limited_agent_to_the_next(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(per_agent={"heavy": 1})
    gate = asyncio.Event()

    async def waits(call: AgentCall) -> Any:
        await gate.wait()
        return 1

    rig.agents.add("heavy", waits)
    first = await rig.start(make_step("a", agent="heavy"))
    await rig.until(lambda: rig.agents.known["heavy"].calls)
    second = await rig.start(make_step("a", agent="heavy"))
    third = await rig.start(make_step("a", agent="heavy"))
    await rig.until(lambda: len(rig.engine._runs.active) == 3)
    await rig.engine.cancel(second, "not needed")
    gate.set()
    for run_id in (first, second, third):
        await rig.end_of(run_id)
    assert rig.ended(third).state is RunState.SUCCEEDED


async def test_no_more_runs_are_in_memory_than_allowed_and_all_have_their_turn(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(active_runs=3)
    most = 0

    async def looks(call: AgentCall) -> Any:
        nonlocal most
        most = max(most, len(rig.engine._runs.active))
        return 1

    rig.agents.add("looks", looks)
    runs = [await rig.start(make_step("a", agent="looks"), make_step("b", "a")) for _ in range(12)]
    for run_id in runs:
        assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED
    assert most <= 3


async def test_a_full_engine_refuses_and_says_when_to_come_back(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(max_runs=2, active_runs=1)
    rig.agents.add("hang", hang)
    held = [await rig.start(make_step("a", agent="hang")) for _ in range(2)]
    with pytest.raises(Unavailable, match="2 runs are under way") as caught:
        await rig.start(make_step("a"))
    assert caught.value.code == "engine.full"
    assert rig.journal.state(rig.last) is None
    for run_id in held:
        await rig.engine.cancel(run_id, "over")
        await rig.end_of(run_id)
    assert (await rig.run(make_step("a"))).state is RunState.SUCCEEDED


async def test_of_many_who_submit_at_once_no_more_are_accepted_than_allowed(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig(max_runs=5)
    rig.agents.add("hang", hang)
    asked = [rig.engine.submit(rig.new_run(make_step("a", agent="hang"))) for _ in range(20)]
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(s).__name__ for s in said] == ["NoneType"] * 5 + ["Unavailable"] * 15


async def test_parked_runs_take_no_place(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(max_runs=2, active_runs=1)
    parked = []
    for _ in range(6):
        parked.append(await rig.start(make_step("a", approval="always")))
        await rig.parked(parked[-1])
    assert (await rig.run(make_step("a"))).state is RunState.SUCCEEDED
    for run_id in parked:
        await rig.decide(run_id, "approve")
        assert (await rig.end_of(run_id)).state is RunState.SUCCEEDED


async def test_a_run_that_no_journal_can_hold_takes_no_place(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(max_runs=1)
    for _ in range(2):
        with pytest.raises(ValueError, match="surrogates"):
            await rig.engine.submit(
                rig.new_run(make_step("a"), run={"run_id": "r", "inputs": {"a": "\ud800"}})
            )
    assert rig.engine.status("r") == "absent"
    assert (await rig.run(make_step("a"))).state is RunState.SUCCEEDED
