"""Calls of one module: what each used, the same in place and on a fiber, and instances made ahead."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import AttemptFailed, InvalidInput
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import ASK, BUMP, FOR_EVER, GROWING, LOG, SCRATCH, spoken, times
from wasm_agents.guest import MAX_ARMED, Guest
from wasm_agents.instance import live
from wasm_agents.limits import PAGE_BYTES
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings

BACKENDS = ("direct",)
Load = Callable[..., Guest]
ECHO = "(i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))"
# Says how often this instance was called.
COUNTS = f"""(global.set $n (i32.add (global.get $n) (i32.const 1)))
  (i32.store8 (i32.const {SCRATCH}) (global.get $n)) (i64.const {SCRATCH << 32 | 1})"""


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


def _on_fiber(guest: Guest, content: bytes, deadline_s: float = 5.0) -> GuestResult:
    return asyncio.run(guest.call_async(content, deadline_s))


# -- what a call gives and uses -----------------------------------------------------------


def _does(step: str) -> str:
    """Return instructions for one step of a random guest."""
    kind, _, number = step.partition(" ")
    return {
        "loop": f"(local.set $i (i32.const 0)) {times(int(number or 1), '')}",
        "grow": f"(drop (memory.grow (i32.const {number or 1})))",
        "ask": f"(drop {ASK})",
        "trap": "(unreachable)",
        "far": f"(drop (i32.load (i32.const {int(number or 0) * PAGE_BYTES})))",
        "bad": "(return (i64.const -1))",
    }[kind]


_steps = st.lists(
    st.sampled_from(["ask", "trap", "bad"])
    | st.builds("loop {}".format, st.integers(1, 60_000))
    | st.builds("grow {}".format, st.integers(1, 9))
    | st.builds("far {}".format, st.integers(0, 9)),
    max_size=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_steps, content=st.binary(max_size=3_000), fuel=st.integers(1, 300_000))
def test_any_guest_ends_the_same_in_place_and_on_a_fiber(
    load: Load, steps: list[str], content: bytes, fuel: int
) -> None:
    body = f"{' '.join(map(_does, steps))} {ECHO}"
    guest = load(spoken(body, alloc=GROWING), limits={"fuel": fuel, "memory_bytes": 12 * PAGE_BYTES})
    ended: list[tuple[object, ...]] = []
    for call in (guest.call, lambda given, within: _on_fiber(guest, given, within)):
        try:
            told = call(content, 20.0)
            ended.append((told.output, told.fuel, told.host_calls, told.peak_memory_bytes))
        except AttemptFailed as failure:
            used = failure.data
            ended.append((failure.code, used["fuel"], used["host_calls"], used["peak_memory_bytes"]))
    assert ended[0] == ended[1]


@pytest.mark.parametrize("body", ["(unreachable)", "(i64.const -1)", f"{FOR_EVER}"])
def test_a_failed_call_tells_what_it_used(load: Load, body: str) -> None:
    guest = load(spoken(f"(drop {ASK}) (drop (memory.grow (i32.const 2))) {body}"), limits={"fuel": 50_000})
    for call in (guest.call, lambda given, within: _on_fiber(guest, given, within)):
        with pytest.raises(AttemptFailed) as raised:
            call(b"{}", 5.0)
        used = raised.value.data
        assert 0 < used["fuel"] <= 50_000
        assert used["peak_memory_bytes"] == 6 * PAGE_BYTES
        assert (used["host_calls"], used["log"]) == (1, "")
        assert used["wall_ms"] > 0


@pytest.mark.parametrize("size", [0, 1, 16])
def test_an_input_is_held_against_its_limit_before_anything_is_made(load: Load, size: int) -> None:
    guest = load(spoken(ECHO, imports=""), limits={"input_bytes": 16})
    assert guest.call(b"x" * size, 5.0).output == b"x" * size
    with pytest.raises(InvalidInput) as raised:
        guest.call(b"x" * 17, 5.0)
    assert raised.value.code == "limit.input"
    with pytest.raises(InvalidInput):
        _on_fiber(guest, b"x" * 17)


@pytest.mark.parametrize("deadline_s", [0.0, -1.0])
def test_a_deadline_that_passed_already_ends_a_loop_at_its_first_tick(load: Load, deadline_s: float) -> None:
    guest = load(spoken(FOR_EVER), limits={"fuel": 1_000_000_000_000, "wall_ms": 60_000})
    for call in (guest.call, lambda given, within: _on_fiber(guest, given, within)):
        with pytest.raises(AttemptFailed) as raised:
            call(b"{}", deadline_s)
        assert raised.value.code == "limit.time"
        assert raised.value.data["wall_ms"] < 1_000


def test_the_world_of_a_call_is_the_one_it_was_given(load: Load) -> None:
    guest, world = (
        load(spoken("(call $log (i32.const 16) (i32.const 2)) (i64.const 0)", imports=LOG)),
        Surroundings(),
    )
    assert guest.call(b"{}", 5.0, world=world).log == world.log == "op\n"
    assert guest.call(b"{}", 5.0).log == "op\n"


# -- instances made ahead -----------------------------------------------------------------


@contextmanager
def _armed(guest: Guest, count: int) -> Iterator[int]:
    """Arm it, and say how many instances that made."""
    before = len(live)
    guest.arm(count)
    yield len(live) - before


def test_calls_use_up_what_was_made_ahead_and_go_on_without(load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""))
    with _armed(guest, 3) as made:
        assert made == 3
    left = []
    for _ in range(5):
        assert guest.call(b"{}", 5.0).output == b"\x01"  # each is a fresh one
        guest.arm(0)  # makes none, and lets go of those that were used
        left.append(len(live))
    assert left == [left[0], left[0] - 1, left[0] - 2, left[0] - 2, left[0] - 2]


def test_arming_again_only_fills_up(load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""))
    guest.arm(3)
    with _armed(guest, 5) as made:
        assert made == 2
    with _armed(guest, 10_000) as made:
        assert made == MAX_ARMED - 5


def test_an_armed_call_costs_and_answers_what_another_does(load: Load) -> None:
    guest = load(spoken(ECHO, imports=""))
    plain, on_fiber = guest.call(b"[1]", 5.0), _on_fiber(guest, b"[1]")
    guest.arm(2)
    for armed in (guest.call(b"[1]", 5.0), _on_fiber(guest, b"[1]")):
        assert (armed.output, armed.fuel, armed.peak_memory_bytes) == (
            plain.output,
            plain.fuel,
            plain.peak_memory_bytes,
        )
    assert on_fiber.fuel == plain.fuel


def test_an_armed_call_has_the_deadline_of_its_own(load: Load) -> None:
    guest = load(spoken(FOR_EVER, imports=""), limits={"fuel": 1_000_000_000_000, "wall_ms": 60_000})
    guest.arm(1)
    with pytest.raises(AttemptFailed) as raised:
        guest.call(b"{}", 0.02)
    assert raised.value.code == "limit.time"
    assert raised.value.data["wall_ms"] < 5_000


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(spoken(), id="asks"),
        pytest.param(spoken("(i64.const 0)", imports=LOG), id="logs"),
        pytest.param(spoken(ECHO, imports="", more="(func $start (nop)) (start $start)"), id="starts"),
        pytest.param(spoken(ECHO, imports="", more='(func (export "_initialize") (nop))'), id="initializes"),
    ],
)
def test_a_module_that_does_something_at_its_start_is_not_made_ahead(load: Load, module: bytes) -> None:
    with _armed(load(module), 5) as made:
        assert made == 0


def test_what_cannot_be_made_ahead_says_why_and_leaves_nothing(load: Load) -> None:
    guest = load(spoken(ECHO, imports=""), limits={"memory_bytes": PAGE_BYTES})
    for _ in range(3):
        with pytest.raises(AttemptFailed) as raised:
            guest.arm(5)
        assert raised.value.code == "limit.memory"


def test_a_guest_that_is_let_go_gives_back_what_was_made_ahead(load: Load) -> None:
    guest, before = load(spoken(ECHO, imports="")), len(live)
    guest.arm(7)
    guest.call(b"{}", 5.0)
    del guest
    gc.collect()
    assert len(live) == before


def test_threads_that_race_for_the_last_armed_instance_are_all_answered(load: Load) -> None:
    guest, patience = load(spoken(ECHO, imports="", alloc=BUMP)), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                guest.arm(4)
                told = list(pool.map(lambda n: guest.call(b"%d" % n, 10.0).output, range(16)))
                assert told == [b"%d" % n for n in range(16)]
    finally:
        sys.setswitchinterval(patience)
