from __future__ import annotations

import asyncio

import pytest

from egress.turns import HostTurns


async def most_at_once(turns: HostTurns, hosts: list[str]) -> dict[str, int]:
    """Visit every host of the list at the same time; return how many visits to each overlapped at most."""
    now: dict[str, int] = {}
    most: dict[str, int] = {}

    async def visit(host: str) -> None:
        async with turns.turn(host):
            now[host] = now.get(host, 0) + 1
            most[host] = max(most.get(host, 0), now[host])
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            now[host] -= 1

    await asyncio.gather(*(visit(host) for host in hosts))
    return most


async def test_a_host_is_asked_no_more_often_at_once_than_allowed() -> None:
    assert await most_at_once(HostTurns(3), ["a"] * 20) == {"a": 3}


async def test_one_host_does_not_wait_for_another() -> None:
    assert await most_at_once(HostTurns(1), ["a", "b", "c"] * 5) == {"a": 1, "b": 1, "c": 1}


async def test_a_cancelled_visit_gives_its_turn_back() -> None:
    turns = HostTurns(1)
    began = asyncio.Event()

    async def stay() -> None:
        async with turns.turn("a"):
            began.set()
            await asyncio.Event().wait()

    staying = asyncio.ensure_future(stay())
    await began.wait()
    staying.cancel()
    async with asyncio.timeout(5), turns.turn("a"):
        assert staying.cancelled() or staying.done() or staying.cancelling()


async def test_a_host_nobody_visits_is_forgotten() -> None:
    turns = HostTurns(2)
    await most_at_once(turns, ["a", "b"] * 4)
    assert turns._waiting == {}


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HostTurns(0)
