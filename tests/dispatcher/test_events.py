"""Who watches hears what is durable, all of it, in order, once."""

from __future__ import annotations

from typing import Any

from contracts.agent import AgentCall
from contracts.errors import AttemptFailed
from contracts.run import Run, RunState
from tests.dispatcher.acting import hang


def heard(rig: Any, run_id: str) -> list[int]:
    """Return the numbers of the events that were told, one for each event."""
    numbers = [e.event_id for e in rig.events if e.run_id == run_id and e.event_id]
    return list(dict.fromkeys(numbers))


def numbers(rig: Any, run_id: str) -> list[int]:
    """Return the numbers of the events that are kept."""
    return [line.event_id for line in rig.lines(run_id)]


async def busy(rig: Any, step: Any) -> str:
    """Run a plan in which much happens."""

    async def shaky(call: AgentCall) -> Any:
        if call.attempt == 1:
            raise AttemptFailed("test.shaky", "no", retryable=True)
        return 1

    async def broken(call: AgentCall) -> Any:
        raise AttemptFailed("test.broken", "no")

    rig.agents.add("shaky", shaky, retries=1)
    rig.agents.add("broken", broken)
    rig.agents.add("send", rig.agents.known["echo"].body, effect="effectful")
    rows = step("rows", bind={"rows": {"literal": [1, 2, 3]}})
    each = step("each", "rows", foreach={"key": "k_rows", "pointer": "/rows"})
    rest = [step("shaky", agent="shaky"), step("broken", agent="broken"), step("lost", "broken")]
    run_id: str = await rig.start(rows, each, *rest, step("send", "each", agent="send", approval="always"))
    await rig.parked(run_id)
    await rig.decide(run_id, "approve")
    await rig.end_of(run_id)
    return run_id


async def test_every_event_is_told_once_in_the_order_of_its_number(rig: Any, make_step: Any) -> None:
    run_id = await busy(rig, make_step)
    kept = numbers(rig, run_id)
    assert kept == list(range(1, len(kept) + 1))
    assert heard(rig, run_id) == kept, "from `queued` to the end"
    told = [(e.event_id, e.kind) for e in rig.events if e.event_id]
    assert len(told) == len(set(told))
    assert [number for number, _ in told] == sorted(number for number, _ in told)


async def test_an_event_is_on_the_disk_when_it_is_told(make_rig: Any, make_step: Any) -> None:
    rig = make_rig()
    missing: list[int] = []

    def look(event: Any) -> None:
        if event.event_id and event.event_id > len(rig.lines(event.run_id)):
            missing.append(event.event_id)

    rig.engine._audience.observer = look
    await busy(rig, make_step)
    assert missing == []


async def test_what_is_told_of_an_event_is_what_is_kept_of_it(rig: Any, make_step: Any) -> None:
    run_id = await busy(rig, make_step)
    lines = {line.event_id: line for line in rig.lines(run_id)}
    for event in rig.events:
        if event.kind == "attempt_ended":
            body = lines[event.event_id].body
            told = (event.trace_id, event.subtask_id, event.attempt, event.item_index, event.status)
            assert told == tuple(
                body[n] for n in ("trace_id", "subtask_id", "attempt", "item_index", "status")
            )
        elif event.event_id and event.kind != "subtask_ended":
            assert lines[event.event_id].kind != "attempt_ended"


async def test_the_last_event_tells_the_run_as_it_ended(rig: Any, make_step: Any) -> None:
    run = await rig.run(make_step("a"))
    last = rig.events[-1]
    assert (last.kind, last.run.state, last.run.result) == ("run_ended", RunState.SUCCEEDED, run.result)
    assert last.event_id == numbers(rig, run.run_id)[-1]


async def test_that_a_subtask_starts_is_a_hint_without_a_number(rig: Any, make_step: Any) -> None:
    await rig.run(make_step("a"), make_step("b", "a"))
    hints = [(e.subtask_id, e.event_id) for e in rig.events if e.kind == "subtask_started"]
    assert hints == [("a", 0), ("b", 0)]


async def test_planning_is_told_like_everything_else(rig: Any, make_step: Any) -> None:
    rig.plans["x"] = rig.new_run(make_step("a")).plan
    await rig.engine.submit(Run(run_id="p", objective="x", state=RunState.QUEUED))
    await rig.end_of("p")
    assert heard(rig, "p") == numbers(rig, "p")


async def test_the_end_of_a_run_that_got_no_plan_is_told(rig: Any) -> None:
    await rig.engine.submit(Run(run_id="p", objective="nobody plans this", state=RunState.QUEUED))
    await rig.end_of("p")
    assert [e.kind for e in rig.events if e.event_id][-1:] == ["run_ended"]
    assert heard(rig, "p") == numbers(rig, "p")


async def test_who_watches_the_next_process_hears_on_where_the_first_one_ended(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a"), make_step("b", "a", agent="hang"))
    await rig.until(lambda: rig.agents.known["hang"].calls and rig.attempts(run_id))
    await rig.die()
    again = make_rig()
    again.agents.add("hang", again.agents.known["echo"].body)
    before = numbers(again, run_id)
    again.work()
    await again.end_of(run_id)
    assert [*before, *heard(again, run_id)] == numbers(again, run_id)
    assert set(heard(rig, run_id)) <= set(before), "nothing was told that is not kept"


async def test_a_watcher_of_two_runs_hears_each_in_its_own_order(rig: Any, make_step: Any) -> None:
    runs = [await rig.start(make_step("a"), make_step("b", "a")) for _ in range(5)]
    for run_id in runs:
        await rig.end_of(run_id)
    for run_id in runs:
        assert heard(rig, run_id) == numbers(rig, run_id)


async def test_a_cancelled_run_says_that_it_was_asked_before_it_says_that_it_ended(
    rig: Any, make_step: Any
) -> None:
    rig.agents.add("hang", hang)
    run_id = await rig.start(make_step("a", agent="hang"))
    await rig.until(lambda: rig.agents.known["hang"].calls)
    await rig.engine.cancel(run_id, "enough")
    await rig.end_of(run_id)
    kinds = rig.kinds(run_id)
    assert kinds.index("cancel_requested") < kinds.index("cancelled") == len(kinds) - 1
    (asked,) = [line for line in rig.lines(run_id) if line.kind == "cancel_requested"]
    assert asked.body == {"reason": "enough"}
