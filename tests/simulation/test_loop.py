"""The event loop in virtual time: asyncio's promises kept, everything else drawn."""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial

from simulation.clock import BEGAN, LoopClock
from simulation.loop import STALL_S, VirtualLoop


def loop_of(seed: int = 0, start_s: float = 0.0) -> VirtualLoop:
    return VirtualLoop(random.Random(seed), start_s)


def note_time(loop: VirtualLoop, seen: list[tuple[float, float]], after: float) -> None:
    seen.append((after, loop.time()))


def test_an_hour_of_sleep_takes_no_time() -> None:
    loop = loop_of()
    began = time.perf_counter()
    loop.run_until_complete(asyncio.sleep(3600))
    assert 3600 <= loop.time() <= 3600 + STALL_S
    assert time.perf_counter() - began < 5
    loop.close()


def test_callbacks_run_in_the_order_asyncio_promises() -> None:
    loop = loop_of()
    seen: list[object] = []
    for number in range(50):
        loop.call_soon(seen.append, number)
    loop.call_soon(loop.halt)
    loop.run_forever()
    assert seen == list(range(50))
    loop.close()


def test_no_timer_is_early_and_they_come_in_order() -> None:
    for seed in range(20):
        loop = loop_of(seed)
        seen: list[tuple[float, float]] = []
        for after in (3.0, 1.0, 2.0):
            loop.call_later(after, partial(note_time, loop, seen, after))
        loop.run_forever()
        assert [after for after, _ in seen] == [1.0, 2.0, 3.0]
        assert all(at >= after for after, at in seen)
        assert loop.is_idle
        loop.close()


def test_two_timers_of_one_moment_run_in_either_order() -> None:
    orders = set()
    for seed in range(20):
        loop = loop_of(seed)
        seen: list[str] = []
        loop.call_at(1.0, seen.append, "a")
        loop.call_at(1.0, seen.append, "b")
        loop.run_forever()
        orders.add("".join(seen))
        loop.close()
    assert orders == {"ab", "ba"}


def test_what_a_thread_posts_keeps_its_order_and_falls_anywhere() -> None:
    falls = set()
    for seed in range(30):
        loop = loop_of(seed)
        seen: list[object] = []
        for number in range(3):
            loop.call_soon(seen.append, number)
            loop.call_soon_threadsafe(seen.append, f"posted {number}")
        loop.run_forever()
        assert [x for x in seen if isinstance(x, str)] == ["posted 0", "posted 1", "posted 2"]
        falls.add(seen.index("posted 0"))
        loop.close()
    assert len(falls) > 2


def test_a_cancelled_timer_never_runs() -> None:
    loop = loop_of()
    seen: list[object] = []
    loop.call_later(1.0, seen.append, "never").cancel()
    loop.call_later(2.0, seen.append, "later")
    loop.run_forever()
    assert seen == ["later"]
    loop.close()


def test_nothing_runs_after_a_halt() -> None:
    loop = loop_of()
    seen: list[object] = []
    loop.call_soon(loop.halt)
    loop.call_soon(seen.append, "late")
    loop.run_forever()
    assert seen == []
    loop.close()


def test_a_dead_process_takes_its_tasks_with_it() -> None:
    loop = loop_of()
    seen: list[object] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            seen.append("closed")

    task = loop.create_task(wait())
    loop.call_later(1.0, loop.halt)
    loop.run_forever()
    loop.close()
    assert seen == ["closed"]
    assert not task.done()


def test_what_nobody_looks_after_is_complained_about() -> None:
    loop = loop_of()
    loop.call_soon(lambda: 1 / 0)
    loop.run_forever()
    assert any("ZeroDivisionError" in complaint for complaint in loop.complaints)
    loop.close()


def test_something_that_spins_is_stopped() -> None:
    loop = loop_of()

    def again() -> None:
        loop.call_soon(again)

    again()
    loop.run_forever()
    assert any("callbacks in one life" in complaint for complaint in loop.complaints)
    loop.close()


def test_an_executor_answers_and_raises_in_its_turn() -> None:
    loop = loop_of()

    async def ask() -> tuple[int, str]:
        found = await asyncio.to_thread(sum, [1, 2])
        try:
            await asyncio.to_thread(int, "x")
        except ValueError as exc:
            return found, type(exc).__name__
        return found, ""

    assert loop.run_until_complete(ask()) == (3, "ValueError")
    loop.close()


def test_the_wall_goes_on_from_one_life_to_the_next() -> None:
    first = loop_of(start_s=500.0)
    clock = LoopClock(first, 0.0 - first.time())
    first.run_until_complete(asyncio.sleep(5))
    now_s = clock.world_s
    second = loop_of(start_s=20.0)
    later = LoopClock(second, now_s - second.time())
    assert later.now() == clock.now() > BEGAN
    first.close()
    second.close()
