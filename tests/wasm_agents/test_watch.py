"""What stops a guest: a watch for each call, one thread that ticks while any runs."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from contracts.errors import AttemptTimedOut
from tests.wasm_agents.leftovers import nothing_left
from wasm_agents import watch as watches
from wasm_agents.capi import library as c
from wasm_agents.engines import engine_of
from wasm_agents.host_rules import keep_time
from wasm_agents.watch import Ticker, Watch, on_epoch


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


def _asked(number: int) -> str:
    """Return what a tick tells the store of the watch with this number."""
    on, then = ctypes.c_uint64(), ctypes.c_uint8(255)
    error = on_epoch(0, number, ctypes.pointer(on), ctypes.pointer(then))
    if error:
        return c.take_error(error)
    assert on.value == 1
    return {c.EPOCH_CONTINUE: "on", c.EPOCH_YIELD: "aside"}[then.value]


def test_a_tick_lets_a_call_go_on_until_its_deadline() -> None:
    watch = Watch(time.monotonic() + 60)
    assert (_asked(watch.number), watch.stop) == ("on", "")
    watch.deadline = time.monotonic()
    assert (_asked(watch.number), watch.stop) == ("stopped", "deadline")
    watch.end()


def test_a_tick_sends_a_fiber_aside_when_its_slice_is_over() -> None:
    watch = Watch(time.monotonic() + 60)
    watch.slice_end = time.monotonic() + 60
    assert _asked(watch.number) == "on"
    watch.slice_end = time.monotonic()
    assert _asked(watch.number) == "aside"
    watch.end()


@pytest.mark.parametrize("why", ["interrupt", "exit", "host", "deadline"])
def test_a_call_that_is_to_stop_stops_for_that_reason(why: str) -> None:
    watch = Watch(time.monotonic() - 1)
    watch.stop = why  # type: ignore[assignment]  # one of its words
    assert _asked(watch.number) == "stopped"
    assert watch.stop == why
    watch.end()


def test_a_call_that_ended_never_goes_on() -> None:
    watch = Watch(time.monotonic() + 60)
    watch.end()
    watch.end()
    assert _asked(watch.number) == "stopped"


def test_every_watch_has_a_number_of_its_own() -> None:
    made = [Watch(0.0) for _ in range(100)]
    assert len({watch.number for watch in made}) == 100
    for watch in made:
        watch.end()


def test_the_ticker_sleeps_when_nothing_runs_and_wakes_for_the_next() -> None:
    ticker = watches.ticker
    for _ in range(2):
        watch = Watch(time.monotonic() + 60)
        watch.enter()
        assert _comes(lambda: not ticker.is_asleep)
        watch.leave()
        assert _comes(lambda: ticker.is_asleep)
        watch.end()


def test_many_threads_that_begin_at_once_start_one_ticker() -> None:
    made = [Watch(time.monotonic() + 60) for _ in range(16)]
    threads = [threading.Thread(target=watch.enter) for watch in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [t.name for t in threading.enumerate()].count("wasm-ticker") == 1
    for watch in made:
        watch.leave()
        watch.end()


def test_an_engine_added_later_is_ticked_too() -> None:
    ticker = Ticker()
    ticker.add(engine_of("core").handle)
    ticker.add(engine_of("component").handle)
    assert len(ticker._engines) == 2


_FORKS = """
import os, signal, sys
from contracts.errors import AttemptTimedOut
from tests.wasm_agents.speaking import FOR_EVER, spoken
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
guest = Host().load(spoken(FOR_EVER), GuestLimits(fuel=10**12))
def told():
    try:
        guest.call(b"{}", 0.02)
    except AttemptTimedOut as failure:
        return failure.code
print(told(), flush=True)
if os.fork() == 0:  # while the ticker is awake
    signal.alarm(20)
    print(told(), flush=True)
    os._exit(0)
os.wait()
"""


def test_a_forked_child_stops_its_guests_too() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORKS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert (ran.returncode, ran.stdout) == (0, "limit.time\n" * 2), ran.stderr


def _comes(is_so: object) -> bool:
    """Return whether it becomes so within some seconds."""
    assert callable(is_so)
    until, pause = time.monotonic() + 10, threading.Event()
    while not is_so() and time.monotonic() < until:
        pause.wait(0.002)
    return bool(is_so())


def test_a_host_call_past_the_deadline_ends_the_call_itself() -> None:
    watch = Watch(time.monotonic() - 1)
    with pytest.raises(AttemptTimedOut):
        keep_time(watch)
    assert watch.stop == "deadline"
    watch.end()


def test_a_host_call_in_time_goes_on() -> None:
    watch = Watch(time.monotonic() + 60)
    keep_time(watch)
    assert not watch.stop
    watch.end()
