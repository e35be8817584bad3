"""Deadlines and interrupts: each stops the one call it was meant for."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut
from wasm_agents.alarm import Alarm, Interrupt, Watch
from wasm_agents.host import Guest, Host

Load = Callable[..., Guest]
UNMETERED = {"fuel": 1_000_000_000_000, "wall_ms": 60_000}
# Loops when the input has one byte, answers at once when it has more.
LOOPS_ON_ONE = """(if (i32.eq (local.get 1) (i32.const 1)) (then (loop (br 0)))) (i64.const 0)"""


class Epochs:
    """Counts, where an engine would trap its guest."""

    def __init__(self) -> None:
        self.count = 0
        self.advanced = threading.Event()

    def increment_epoch(self) -> None:
        self.count += 1
        self.advanced.set()


def wait_until(is_so: Callable[[], bool], *, seconds: float = 5.0) -> None:
    end = time.perf_counter() + seconds
    pause = threading.Event()
    while not is_so():
        assert time.perf_counter() < end, "it never came to be"
        pause.wait(0.001)


def test_a_watch_is_stopped_once_and_keeps_its_first_reason() -> None:
    epochs = Epochs()
    watch = Watch(epochs)
    watch.stop("interrupt")
    watch.stop("deadline")
    assert (epochs.count, watch.reason) == (1, "interrupt")


def test_a_call_that_has_ended_is_never_stopped() -> None:
    epochs = Epochs()
    watch = Watch(epochs)
    watch.end()
    watch.stop("deadline")
    assert (epochs.count, watch.reason) == (0, "")


def test_an_interrupt_set_before_the_call_stops_it_at_its_start() -> None:
    epochs, interrupt = Epochs(), Interrupt()
    interrupt.set()
    interrupt.attach(Watch(epochs))
    assert epochs.count == 1
    assert interrupt.is_set


def test_the_alarm_stops_the_nearest_deadline_first() -> None:
    alarm, late, soon = Alarm(), Epochs(), Epochs()
    with alarm.watching(Watch(late), 60), alarm.watching(Watch(soon), 0.01):
        assert soon.advanced.wait(5)
        assert not late.advanced.is_set()
        assert alarm.running == 1
    assert alarm.running == 0
    alarm.close()


def test_a_closed_alarm_stops_what_runs_and_what_comes() -> None:
    alarm, running, coming = Alarm(), Epochs(), Epochs()
    with alarm.watching(Watch(running), 60):
        alarm.close()
        assert running.count == 1
    with alarm.watching(Watch(coming), 60):
        assert coming.count == 1


def test_an_interrupt_from_another_thread_frees_the_thread_of_a_loop(host: Host, load: Load) -> None:
    guest, interrupt = load(limits=UNMETERED, execute=LOOPS_ON_ONE), Interrupt()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(guest.call, b"x", 60.0, interrupt=interrupt)
        wait_until(lambda: host.alarm.running == 1)
        asked = time.perf_counter()
        interrupt.set()
        error = under_way.exception(timeout=5)
        took = time.perf_counter() - asked
    assert isinstance(error, AttemptFailed)
    assert error.code == "guest.interrupted"
    assert took < 0.5


def test_stopping_one_call_leaves_the_others_of_its_module_alone(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    interrupts = [Interrupt() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(guest.call, b"x", 60.0, interrupt=i) for i in interrupts]
        wait_until(lambda: host.alarm.running == 4)
        interrupts[2].set()
        assert calls[2].exception(timeout=5) is not None
        assert [c.done() for c in calls] == [False, False, True, False]
        for interrupt in interrupts:
            interrupt.set()
    assert all(c.exception(timeout=5) for c in calls)


def test_a_lane_that_was_stopped_serves_the_next_call(load: Load) -> None:
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


def test_closing_the_host_stops_a_loop(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    under_way = host.threads.submit(guest.call, b"x", 60.0)
    wait_until(lambda: host.alarm.running == 1)
    host.close()
    assert isinstance(under_way.exception(timeout=5), AttemptTimedOut)


async def test_python_goes_on_while_a_guest_runs(host: Host, load: Load) -> None:
    guest = load(limits=UNMETERED, execute=LOOPS_ON_ONE)
    under_way = asyncio.get_running_loop().run_in_executor(host.threads, guest.call, b"x", 0.2)
    turns = 0
    while not under_way.done():
        turns += 1
        await asyncio.wait([under_way], timeout=0)
    assert isinstance(under_way.exception(), AttemptTimedOut)
    assert turns > 100
