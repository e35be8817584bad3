"""Real threads: one winner a key, every waiter woken, every snapshot whole."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.errors import Conflict
from memory.context import SharedContext

THREADS = 16


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Run `work` in every thread, all let go at one moment."""
    barrier = threading.Barrier(threads)

    def start(i: int) -> Any:
        barrier.wait(20)
        return work(i)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(start, range(threads)))


def test_of_many_writers_of_a_key_exactly_one_wins() -> None:
    for _ in range(30):
        context = SharedContext()

        def write(i: int, context: SharedContext = context) -> bool:
            try:
                context.set("k", {"from": i}, by=f"s{i}")
            except Conflict:
                return False
            return True

        won = together(write)

        assert won.count(True) == 1
        assert context.get("k") == {"from": won.index(True)}
        assert context.written_by("k") == f"s{won.index(True)}"


def test_every_loser_is_told_who_won() -> None:
    context = SharedContext()

    def write(i: int) -> str:
        try:
            context.set("k", i, by=f"s{i}")
        except Conflict as refused:
            return str(refused.data["written_by"])
        return f"s{i}"

    assert set(together(write)) == {context.written_by("k")}


def test_every_waiter_wakes_with_the_value() -> None:
    context = SharedContext()

    def work(i: int) -> Any:
        return context.set("k", [1, 2], by="s") if i == THREADS - 1 else context.wait("k", 20)

    got = together(work)

    assert got == [[1, 2]] * (THREADS - 1) + [None]
    assert len({id(value) for value in got[:-1]}) == THREADS - 1


def test_waiters_sleep_through_other_keys() -> None:
    context = SharedContext()

    def work(i: int) -> Any:
        if i < THREADS // 2:
            return context.wait(f"k{i}", 20)
        context.set(f"k{i - THREADS // 2}", i - THREADS // 2, by="s")
        return None

    assert together(work)[: THREADS // 2] == list(range(THREADS // 2))


def test_a_reader_never_sees_half_a_replacement() -> None:
    context = SharedContext({"k": [0] * 50})

    def work(i: int) -> list[set[int]]:
        if i % 2:
            for n in range(200):
                context.set("k", [n] * 50, by=f"s{n}", replace=True)
            return []
        return [set(context.get("k")) for _ in range(200)]  # type: ignore[arg-type]  # a list of numbers

    seen = [numbers for found in together(work, 6) for numbers in found]
    assert len(seen) == 600
    assert all(len(numbers) == 1 for numbers in seen)


def test_a_snapshot_holds_what_stood_together() -> None:
    context = SharedContext()

    def work(i: int) -> list[list[int]]:
        if i == 0:
            for n in range(300):
                context.set(f"k{n}", n, by="s")
            return []
        return [sorted(v for v in context.snapshot().values() if isinstance(v, int)) for _ in range(60)]

    for found in together(work, 4)[1:]:
        assert found == [list(range(len(numbers))) for numbers in found]
        assert [len(n) for n in found] == sorted(len(n) for n in found)
