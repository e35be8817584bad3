"""Calls on fibers: brief ones on the loop's own thread, long ones on workers, waiting ones on none."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import ASK, FOR_EVER, spoken, times
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
from wasm_agents.result import GuestResult

BACKENDS = ("direct",)
Load = Callable[..., Guest]
LONG = {"fuel": 1_000_000_000_000, "wall_ms": 60_000, "host_calls": 1_000_000}
COUNTS = f"{times(40_000_000, '')} (i64.const 0)"
LOOPS_ON_ONE = f"(if (i32.eq (local.get 1) (i32.const 1)) (then {FOR_EVER})) {ASK}"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


async def _echo(_op: str, content: bytes) -> bytes:
    return content


async def _never(_op: str, _content: bytes) -> bytes:
    await asyncio.Event().wait()
    return b""


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # nothing tells when a fiber is handed over
            await asyncio.sleep(0)


async def _call(guest: Guest, content: bytes, deadline_s: float, serve: object = _echo) -> GuestResult:
    return await guest.call_async(content, deadline_s, serve=serve)  # type: ignore[arg-type]  # as tests spell it


async def _code(call: Awaitable[GuestResult]) -> str:
    with pytest.raises(AttemptFailed) as raised:
        await call
    return raised.value.code


@contextmanager
def _busy_workers(host: Host) -> Iterator[None]:
    """Keep every worker from taking anything up."""
    free = threading.Event()
    busy = [host._fibers._workers.submit(free.wait, 20) for _ in range(64)]
    try:
        yield
    finally:
        free.set()
    assert all(work.result(5) for work in busy)


def _workers(host: Host) -> int:
    return len(host._fibers._workers._threads)


async def test_a_brief_call_never_leaves_the_loops_thread() -> None:
    async def workers_of_a_call() -> int:
        host = Host(backend="direct")
        assert (await _call(host.load(spoken(), GuestLimits()), b"[1]", 5.0)).output == b"[1]"
        host.close()
        return _workers(host)

    # On a busy machine even a brief one may lose its thread for longer than a moment.
    assert 0 in [await workers_of_a_call() for _ in range(5)]


async def test_a_long_call_goes_on_where_it_was_on_a_worker(host: Host, load: Load) -> None:
    guest = load(spoken(COUNTS), limits=LONG)
    later = await guest.call_async(b"{}", 5.0)
    assert _workers(host) > 0
    assert later.fuel == guest.call(b"{}", 5.0).fuel


async def test_more_long_calls_than_cores_end_with_their_own_answers(load: Load) -> None:
    guest = load(spoken(f"{times(1_000_000, '')} {ASK}"), limits=LONG)
    given = [b"%d" % n for n in range(12)]
    told = await asyncio.gather(*(_call(guest, each, 20.0) for each in given))
    assert [result.output for result in told] == given
    assert len({result.fuel for result in told}) == 1


async def test_a_call_that_ends_is_not_kept_waiting_by_those_that_never_do(load: Load) -> None:
    guest = load(spoken(LOOPS_ON_ONE), limits=LONG)
    hogs = [asyncio.create_task(_call(guest, b"x", 60.0)) for _ in range(6)]
    counts = load(spoken(COUNTS), limits=LONG)
    assert (await counts.call_async(b"{}", 20.0)).output == b""
    assert not any(hog.done() for hog in hogs)
    for hog in hogs:
        hog.cancel()
    await asyncio.gather(*hogs, return_exceptions=True)


async def test_answers_that_come_at_once_do_not_hold_the_loop(load: Load) -> None:
    guest = load(
        spoken(f"{times(5_000, f'(drop {ASK}) (global.set $next (i32.const 16384))')} (i64.const 0)"),
        limits=LONG,
    )
    under_way = asyncio.create_task(_call(guest, b"{}", 20.0))
    turns = 0
    while not under_way.done():
        turns += 1
        await asyncio.sleep(0)
    assert under_way.result().host_calls == 5_000
    assert turns > 10


async def test_thousands_wait_for_their_answers_on_no_thread(host: Host, load: Load) -> None:
    guest, answer, count = load(spoken(), limits=LONG), asyncio.Event(), 2_000
    threads = threading.active_count()

    async def serve(_op: str, content: bytes) -> bytes:
        await answer.wait()
        return content * 2

    calls = [asyncio.create_task(_call(guest, b"%d" % n, 60.0, serve)) for n in range(count)]
    await _until(lambda: host.going == count)
    assert threading.active_count() <= threads + 1 + (
        os.cpu_count() or 1
    )  # the one that ticks, and the workers
    answer.set()
    told = await asyncio.gather(*calls)
    assert [result.output for result in told] == [b"%d" % n * 2 for n in range(count)]
    assert host.going == 0


async def test_nobody_serving_denies_every_host_call(load: Load) -> None:
    assert b"capability.denied" in (await load(spoken()).call_async(b"{}", 5.0)).output


async def test_a_call_passes_its_deadline_while_it_waits(load: Load) -> None:
    ended = []

    async def serve(_op: str, _content: bytes) -> bytes:
        try:
            return await _never("", b"")
        finally:
            ended.append(asyncio.current_task())

    began = time.monotonic()
    assert await _code(_call(load(spoken()), b"{}", 0.05, serve)) == "limit.time"
    assert time.monotonic() - began >= 0.05
    assert len(ended) == 1


async def test_a_deadline_in_a_host_call_does_not_count_as_cancelling(load: Load) -> None:
    guest = load(spoken())
    for _ in range(3):
        assert await _code(guest.call_async(b"{}", 0.01, serve=_never)) == "limit.time"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_call_passes_its_deadline_while_it_runs(load: Load) -> None:
    began = time.monotonic()
    assert await _code(_call(load(spoken(FOR_EVER), limits=LONG), b"{}", 0.05)) == "limit.time"
    assert time.monotonic() - began < 30, "not at the limit of its wall time"


async def test_a_call_passes_its_deadline_before_a_worker_is_free(host: Host, load: Load) -> None:
    guest = load(spoken(FOR_EVER), limits=LONG)
    with _busy_workers(host):
        assert await _code(_call(guest, b"{}", 0.05)) == "limit.time"


@pytest.mark.parametrize("where", ["waiting", "running", "queued", "alloc"])
async def test_a_call_that_is_cancelled_leaves_nothing(host: Host, load: Load, where: str) -> None:
    looping = f"(if (i32.eq (local.get 0) (i32.const 77)) (then {FOR_EVER})) (i32.const 20000)"
    module = {"waiting": spoken(), "alloc": spoken(alloc=looping)}.get(where) or spoken(FOR_EVER)

    async def serve(_op: str, _content: bytes) -> bytes:
        return bytes(77) if where == "alloc" else await _never("", b"")

    guest = load(module, limits=LONG)
    with _busy_workers(host) if where == "queued" else nullcontext():
        calls = [asyncio.create_task(_call(guest, b"{}", 60.0, serve)) for _ in range(8)]
        await _until(lambda: host.going == 8)
        for call in calls:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(each) for each in ended} == {asyncio.CancelledError}
    assert (host.going, len(host._fibers._queued)) == (0, 0)


async def test_a_call_that_is_stopped_before_it_began_never_begins(host: Host, load: Load) -> None:
    guest = load(spoken(FOR_EVER), limits=LONG)
    while not _workers(host):  # its time may be over before it has taken long
        assert await _code(guest.call_async(b"{}", 0.02)) == "limit.time"
    with _busy_workers(host):  # where a guest that took long before begins
        with pytest.raises(AttemptTimedOut) as raised:
            await guest.call_async(b"{}", 0.02)
        under_way = asyncio.create_task(_call(guest, b"{}", 60.0))
        await _until(lambda: host.going == 1)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
    assert raised.value.data["peak_memory_bytes"] == raised.value.data["fuel"] == 0


async def test_a_call_that_is_cancelled_twice_still_leaves_nothing(host: Host, load: Load) -> None:
    guest = load(spoken(FOR_EVER), limits=LONG)
    call = asyncio.create_task(_call(guest, b"{}", 60.0))
    await _until(lambda: host.going == 1)
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert host.going == 0


async def test_a_timeout_around_a_call_is_told_from_its_deadline(load: Load) -> None:
    guest = load(spoken())
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.02):
            await guest.call_async(b"{}", 5.0, serve=_never)
    assert not isinstance(raised.value, AttemptTimedOut)


@pytest.mark.parametrize("wrong", [ValueError("odd"), TimeoutError("own"), KeyError("x")])
async def test_what_serving_raises_ends_that_call_alone(load: Load, wrong: Exception) -> None:
    async def serve(_op: str, content: bytes) -> bytes:
        await asyncio.sleep(0)
        if content == b"3":
            raise wrong
        return content

    guest = load(spoken())
    told = await asyncio.gather(
        *(_call(guest, b"%d" % n, 5.0, serve) for n in range(8)), return_exceptions=True
    )
    failed = told.pop(3)
    assert isinstance(failed, AttemptFailed)
    assert (failed.code, failed.data["host_calls"]) == ("host.internal", 1)
    assert type(wrong).__name__ in failed.message
    assert [r.output for r in told if isinstance(r, GuestResult)] == [b"%d" % n for n in range(8) if n != 3]


async def test_closing_the_host_ends_a_call_that_waits(host: Host, load: Load) -> None:
    call = asyncio.create_task(_call(load(spoken()), b"{}", 60.0, _never))
    await _until(lambda: host.going == 1)
    host.close()
    async with asyncio.timeout(5):
        assert await _code(call) == "guest.interrupted"


async def test_a_long_call_after_the_end_of_its_host_is_interrupted(host: Host, load: Load) -> None:
    guest = load(spoken(FOR_EVER), limits=LONG)
    host.close()
    async with asyncio.timeout(5):
        assert await _code(guest.call_async(b"{}", 60.0)) == "guest.interrupted"


def test_one_event_loop_after_another_runs_the_same_guest(host: Host, load: Load) -> None:
    guest = load(spoken(f"{times(300_000, '')} {ASK}"), limits=LONG)
    for n in range(5):
        assert asyncio.run(_call(guest, b"%d" % n, 20.0)).output == b"%d" % n
    assert len(host._fibers._deadlines._wheels) == 1  # of the last loop; closed ones are forgotten


def test_event_loops_on_two_threads_share_the_workers(load: Load) -> None:
    guest, told = load(spoken(f"{times(300_000, '')} {ASK}"), limits=LONG), []

    async def several(first: int) -> list[bytes]:
        return [
            r.output
            for r in await asyncio.gather(*(_call(guest, b"%d" % n, 20.0) for n in range(first, first + 4)))
        ]

    threads = [
        threading.Thread(target=lambda at=at: told.extend(asyncio.run(several(at)))) for at in (10, 20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) == [b"%d" % n for first in (10, 20) for n in range(first, first + 4)]


_LET_GO = """
import asyncio, gc, sys
from tests.wasm_agents.speaking import FOR_EVER, spoken
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
from wasm_agents.instance import live
from wasm_agents.limits import GuestLimits
guest = Host().load(spoken(FOR_EVER), GuestLimits(fuel=10**12))
async def begin():
    task = asyncio.ensure_future(guest.call_async(b"{}", 5.0))
    while not guest._fibers.going:
        await asyncio.sleep(0)
    return task
loop = asyncio.new_event_loop()
task = loop.run_until_complete(begin())
task.get_coro().close()
print(len(live), guest._fibers.going)
"""


def test_a_loop_that_ends_before_its_calls_leaves_none_running() -> None:
    # In a process of its own: a guest that ran on in a store given back would take the process with it.
    ran = subprocess.run(
        [sys.executable, "-c", _LET_GO], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "0 0\n"), ran.stderr
