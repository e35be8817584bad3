"""Waits under deadlines: each ended at its own, and told from any other cancelling."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasm_agents.deadlines import STEP_S, DeadlinePassed, Deadlines

FAR_S = 3_600.0


async def _answer(value: object = 7) -> object:
    await asyncio.sleep(0)
    return value


async def _never() -> object:
    await asyncio.Event().wait()
    return None


def _in(seconds: float) -> float:
    return time.monotonic() + seconds


async def test_a_wait_gives_what_it_waits_for() -> None:
    assert await Deadlines().wait(_answer(), _in(FAR_S)) == 7


async def test_a_wait_raises_what_it_waits_for_raises() -> None:
    async def fails() -> object:
        raise LookupError

    with pytest.raises(LookupError):
        await Deadlines().wait(fails(), _in(FAR_S))


@pytest.mark.parametrize("late_by", [0.02, 0.0, -FAR_S])
async def test_a_wait_ends_at_its_deadline(late_by: float) -> None:
    deadline = _in(late_by)
    with pytest.raises(DeadlinePassed):
        await Deadlines().wait(_never(), deadline)
    assert time.monotonic() >= deadline


async def test_a_deadline_that_passed_leaves_no_cancelling_behind() -> None:
    task = asyncio.current_task()
    assert task is not None
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await Deadlines().wait(_never(), _in(0))
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_cancelling_by_another_is_no_deadline() -> None:
    task = asyncio.create_task(Deadlines().wait(_never(), _in(FAR_S)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_together_with_the_deadline_counts_as_cancelling() -> None:
    deadlines, deadline = Deadlines(), _in(0.01)

    async def waits() -> object:
        return await deadlines.wait(_never(), deadline)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    # Both before the task can look.
    next(iter(deadlines._wheels.values()))._end_until(float("inf"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_timeout_around_a_wait_keeps_its_own_meaning() -> None:
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.01):
            await Deadlines().wait(_never(), _in(FAR_S))
    assert not isinstance(raised.value, DeadlinePassed)


async def test_a_wait_that_answers_although_it_was_cancelled_is_believed() -> None:
    async def stubborn() -> object:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "late"
        return None

    task = asyncio.current_task()
    assert task is not None
    assert await Deadlines().wait(stubborn(), _in(0)) == "late"
    assert task.cancelling() == 0


async def test_what_a_wait_raises_for_being_cancelled_is_raised() -> None:
    async def translates() -> object:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LookupError from None
        return None

    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(LookupError):
        await Deadlines().wait(translates(), _in(0))
    assert task.cancelling() == 0


@pytest.mark.parametrize(
    ("inner_s", "outer_s", "told"), [(0.0, FAR_S, "inner"), (FAR_S, 0.0, "outer"), (0.0, 0.0, "")]
)
async def test_a_wait_within_a_wait_ends_at_its_own_deadline(
    inner_s: float, outer_s: float, told: str
) -> None:
    deadlines, seen = Deadlines(), []

    async def within() -> object:
        try:
            return await deadlines.wait(_never(), _in(inner_s))
        except DeadlinePassed:
            seen.append("inner")
            return "inner"

    try:
        await deadlines.wait(within(), _in(outer_s))
    except DeadlinePassed:
        seen.append("outer")
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert not told or seen == [told]
    assert seen


async def test_thousands_of_waits_share_one_timer_and_end_in_order() -> None:
    deadlines, ended, first = Deadlines(), list[int](), _in(0.05)

    async def waits(number: int) -> None:
        with pytest.raises(DeadlinePassed):
            await deadlines.wait(_never(), first + number // 1_000 * 4 * STEP_S)
        ended.append(number // 1_000)

    await asyncio.gather(*(waits(number) for number in range(4_000)))
    assert ended == sorted(ended)
    wheel = next(iter(deadlines._wheels.values()))
    assert (wheel._steps, wheel._next, wheel._timer) == ({}, [], None)


@settings(max_examples=15)
@given(waits=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_any_waits_end_by_whichever_comes_first(waits: list[tuple[int, int]]) -> None:
    async def work(until: float) -> str:
        await asyncio.sleep(until - time.monotonic())
        return "answer"

    async def one(deadlines: Deadlines, answer_at: float, deadline: float) -> str:
        try:
            return await deadlines.wait(work(answer_at), deadline)
        except DeadlinePassed:
            return "deadline"

    async def main() -> list[str]:
        deadlines, now = Deadlines(), _in(0.01)
        return await asyncio.gather(*(one(deadlines, now + a * 0.01, now + d * 0.01) for a, d in waits))

    for (answer_at, deadline), told in zip(waits, asyncio.run(main()), strict=True):
        # On a busy machine an answer may come late; a deadline never comes early.
        assert told == "answer" or deadline <= answer_at + 3


async def test_every_wait_can_be_ended_at_once() -> None:
    deadlines = Deadlines()
    waits = [asyncio.create_task(_caught(deadlines)) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.to_thread(deadlines.end_all)
    assert await asyncio.gather(*waits) == ["passed"] * 20


async def _caught(deadlines: Deadlines) -> str:
    with pytest.raises(DeadlinePassed):
        await deadlines.wait(_never(), _in(FAR_S))
    return "passed"


def test_event_loops_that_are_closed_are_forgotten() -> None:
    deadlines = Deadlines()
    for _ in range(5):
        asyncio.run(deadlines.wait(_answer(), _in(FAR_S)))
    deadlines.end_all()
    assert len(deadlines._wheels) == 1
