"""Deadlines and interrupts: each stops the one call it was meant for, on a thread of its own or on a fiber."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.result import GuestResult
from wasm_agents.watch import Interrupt, Watch

Load = Callable[..., Guest]
BACKENDS = ("direct", "public")
UNMETERED = {"fuel": 1_000_000_000_000, "wall_ms": 60_000}
# Loops when the input has one byte, answers at once when it has more.
LOOPS_ON_ONE = """(if (i32.eq (local.get 1) (i32.const 1)) (then (loop (br 0)))) (i64.const 0)"""


def test_an_interrupt_set_before_the_call_stops_it_at_its_start() -> None:
    interrupt, watch = Interrupt(), Watch(time.monotonic() + 60)
    interrupt.set()
    interrupt.attach(watch)
    assert interrupt.is_set
    assert watch.stop == "interrupt"
    watch.end()


def test_a_call_stopped_for_one_reason_keeps_it() -> None:
    interrupt, watch = Interrupt(), Watch(time.monotonic() + 60)
    interrupt.attach(watch)
    watch.stop = "deadline"
    interrupt.set()
    assert watch.stop == "deadline"
    watch.end()


def test_an_interrupt_from_another_thread_frees_the_thread_of_a_loop(load: Load) -> None:
    guest, interrupt = load(limits=UNMETERED, execute=LOOPS_ON_ONE), Interrupt()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(guest.call, b"x", 60.0, interrupt=interrupt)
        assert threading.Event().wait(0.02) is False
        interrupt.set()
        error = under_way.exception()
    assert isinstance(error, AttemptFailed)
    assert error.code == "guest.interrupted", "not its deadline, which is far"


def test_stopping_one_call_leaves_the_others_of_its_module_alone(load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    interrupts = [Interrupt() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(guest.call, b"x", 60.0, interrupt=i) for i in interrupts]
        interrupts[2].set()
        assert calls[2].exception() is not None
        assert [c.done() for c in calls] == [False, False, True, False]
        for interrupt in interrupts:
            interrupt.set()
    assert all(c.exception() for c in calls)


def test_a_module_that_was_stopped_serves_the_next_call(load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    for _ in range(5):
        with pytest.raises(AttemptTimedOut):
            guest.call(b"x", 0.01)
        assert guest.call(b"xx", 5.0).output == b""


def test_calls_that_overlap_do_not_disturb_each_other(load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: guest.call(b"xx", 5.0).output, range(200)))
    assert results == [b""] * 200


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # nothing tells when a fiber is handed over
            await asyncio.sleep(0)


async def _call(guest: Guest, content: bytes, deadline_s: float) -> GuestResult:
    return await guest.call_async(content, deadline_s)


async def test_closing_the_host_stops_a_loop_on_a_fiber(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    under_way = asyncio.create_task(_call(guest, b"x", 60.0))
    await _until(lambda: host.going == 1)
    host.close()
    with pytest.raises(AttemptFailed) as raised:
        await under_way
    assert raised.value.code == "guest.interrupted"


async def test_the_event_loop_goes_on_while_guests_run_on_fibers(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    under_way = [asyncio.create_task(_call(guest, b"x", 60.0)) for _ in range(6)]
    await _until(lambda: host.going == 6)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not any(call.done() for call in under_way)
    host.close()
    ended = await asyncio.gather(*under_way, return_exceptions=True)
    assert {getattr(end, "code", end) for end in ended} == {"guest.interrupted"}


async def test_guests_that_never_end_do_not_keep_others_from_ending(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    hogs = [asyncio.create_task(_call(guest, b"x", 60.0)) for _ in range(8)]
    await _until(lambda: host.going == 8)
    assert (await guest.call_async(b"xx", 30.0)).output == b""
    assert not any(hog.done() for hog in hogs)
    host.close()
    ended = await asyncio.gather(*hogs, return_exceptions=True)
    assert {getattr(end, "code", end) for end in ended} == {"guest.interrupted"}


async def test_a_fiber_that_is_cancelled_leaves_nothing_running(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    calls = [asyncio.create_task(_call(guest, b"x", 60.0)) for _ in range(10)]
    await _until(lambda: host.going == 10)
    for call in calls:
        call.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(e, asyncio.CancelledError) for e in ended)
    assert host.going == 0
