"""Instances that outlive a call: who gets which, when one is dropped, and what each call may use."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import ASK, BUMP, CALL, FOR_EVER, LOG, SCRATCH, spoken, times
from wasm_agents.guest import Guest
from wasm_agents.instance import live
from wasm_agents.keeping import MAX_KEPT, Keeping
from wasm_agents.limits import PAGE_BYTES
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings

BACKENDS = ("direct",)
Load = Callable[..., Guest]
LONG = {"fuel": 1_000_000_000_000, "wall_ms": 60_000}
COUNT = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"
COUNTED = f"(i32.store8 (i32.const {SCRATCH}) (global.get $n)) (i64.const {SCRATCH << 32 | 1})"
COUNTS = f"{COUNT} {COUNTED}"
"""Says how often it was called."""
ASKS_AND_COUNTS = f"(drop {ASK}) {COUNTS}"
TRAPS_ON_ONE = f"(if (i32.eq (local.get 1) (i32.const 1)) (then (unreachable))) {COUNTS}"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def keeping() -> Iterator[Keeping]:
    keeping = Keeping()
    yield keeping
    keeping.close()


async def _echo(_op: str, content: bytes) -> bytes:
    return content


async def _call(keeping: Keeping, guest: Guest, content: bytes = b"{}", **more: Any) -> GuestResult:
    given: dict[str, Any] = {"session": "", "world": Surroundings(), "serve": _echo} | more
    return await keeping.call(guest, content, 5.0, **given)


async def _told(keeping: Keeping, guest: Guest, content: bytes = b"{}", **more: Any) -> int:
    return (await _call(keeping, guest, content, **more)).output[0]


async def test_one_call_after_another_finds_what_the_last_one_left(keeping: Keeping, load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""))
    assert [await _told(keeping, guest) for _ in range(3)] == [1, 2, 3]


async def test_overlapping_calls_of_nobody_have_an_instance_each(keeping: Keeping, load: Load) -> None:
    guest, together = load(spoken(ASKS_AND_COUNTS)), asyncio.Barrier(5)

    async def serve(_op: str, content: bytes) -> bytes:
        await together.wait()
        return content

    assert await asyncio.gather(*(_told(keeping, guest, serve=serve) for _ in range(5))) == [1] * 5
    assert keeping._count == 5


async def test_overlapping_calls_of_a_session_run_one_after_another(keeping: Keeping, load: Load) -> None:
    guest, under_way = load(spoken(ASKS_AND_COUNTS)), []

    async def serve(_op: str, content: bytes) -> bytes:
        under_way.append(content)
        await asyncio.sleep(0.001)
        assert len(under_way) == 1
        under_way.clear()
        return content

    told = await asyncio.gather(*(_told(keeping, guest, session="run", serve=serve) for _ in range(6)))
    assert sorted(told) == [1, 2, 3, 4, 5, 6]
    assert keeping._turns == {}


async def test_sessions_share_nothing_with_each_other(keeping: Keeping, load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""))
    told = [await _told(keeping, guest, session=name) for name in ("a", "b", "a", "", "b", "a")]
    assert told == [1, 1, 2, 1, 2, 3]


async def test_a_failed_call_takes_its_instance_with_it(keeping: Keeping, load: Load) -> None:
    guest = load(spoken(TRAPS_ON_ONE, imports=""))
    assert [await _told(keeping, guest, session="s") for _ in range(2)] == [1, 2]
    with pytest.raises(AttemptFailed):
        await _told(keeping, guest, b"x", session="s")
    assert keeping._count == 0
    assert await _told(keeping, guest, session="s") == 1


async def test_a_cancelled_call_takes_its_instance_and_lets_the_next_one_in(
    keeping: Keeping, load: Load
) -> None:
    guest, asked = load(spoken(ASKS_AND_COUNTS)), asyncio.Event()

    async def never(_op: str, _content: bytes) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    first = asyncio.create_task(_told(keeping, guest, session="s", serve=never))
    await asked.wait()
    given_up, next_one = (asyncio.create_task(_told(keeping, guest, session="s")) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    first.cancel()
    ended = await asyncio.gather(first, given_up, next_one, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError, asyncio.CancelledError, int]
    assert (ended[2], keeping._turns) == (1, {})


async def test_an_input_that_is_too_long_costs_no_instance(keeping: Keeping, load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""), limits={"input_bytes": 4})
    assert await _told(keeping, guest) == 1
    with pytest.raises(InvalidInput, match="at most 4"):
        await _told(keeping, guest, b"[1,2]")
    assert await _told(keeping, guest) == 2


async def test_no_more_than_some_instances_are_kept(keeping: Keeping, load: Load) -> None:
    guest = load(spoken(COUNTS, imports=""))
    for n in range(MAX_KEPT + 10):
        await _told(keeping, guest, session=f"s{n}")
    assert keeping._count == MAX_KEPT
    assert await _told(keeping, guest, session=f"s{MAX_KEPT + 9}") == 2
    assert await _told(keeping, guest, session="s0") == 1  # the longest unused went first
    keeping.close()
    assert (keeping._count, keeping._idle) == (0, {})


async def test_other_limits_have_other_instances(keeping: Keeping, load: Load) -> None:
    module = spoken(COUNTS, imports="")
    one, other = load(module), load(module, limits={"fuel": 5_000_000})
    assert [await _told(keeping, guest) for guest in (one, other, one)] == [1, 1, 2]


async def test_instances_nobody_keeps_any_more_are_given_back(load: Load) -> None:
    keeping, guest, before = Keeping(), load(spoken(COUNTS, imports="")), len(live)
    await _told(keeping, guest)
    assert len(live) == before + 1
    del keeping, guest
    gc.collect()
    assert len(live) == before


# -- one kept instance --------------------------------------------------------------------


@pytest.fixture(params=["here", "fiber"])
def exchange(request: pytest.FixtureRequest) -> Callable[..., GuestResult]:
    """Return what calls a kept instance, in place or on a fiber."""

    def _exchange(kept: Any, content: bytes = b"{}", deadline_s: float = 5.0) -> GuestResult:
        if request.param == "here":
            told: GuestResult = kept.call(content, deadline_s)
            return told
        done: GuestResult = asyncio.run(kept.call_async(content, deadline_s, world=Surroundings()))
        return done

    return _exchange


Exchange = Callable[..., GuestResult]


def test_what_was_allocated_for_a_call_is_given_back(load: Load, exchange: Exchange) -> None:
    # The guest says what it was last asked to free: its input, then its own output.
    freed = "(global.set $n (i32.add (i32.mul (global.get $n) (i32.const 16)) (local.get 1)))"
    kept = load(spoken(COUNTED, dealloc=freed, imports="")).keep()
    assert exchange(kept, b"[12]").output == b"\0"
    assert exchange(kept, b"[]").output == bytes([4 * 16 + 1])
    kept.close()


def test_a_guest_that_frees_is_called_for_ever_in_the_same_memory(load: Load, exchange: Exchange) -> None:
    reset = "(global.set $next (i32.const 16384))"
    kept = load(spoken(COUNTED, dealloc=reset, imports=""), limits={"memory_bytes": 4 * PAGE_BYTES}).keep()
    peaks = {exchange(kept, b"x" * 60_000).peak_memory_bytes for _ in range(30)}
    assert peaks == {4 * PAGE_BYTES}
    kept.close()


def test_each_call_has_fuel_and_counts_of_its_own(load: Load, exchange: Exchange) -> None:
    kept = load(spoken(ASKS_AND_COUNTS)).keep()
    told = [exchange(kept) for _ in range(4)]
    assert [t.host_calls for t in told] == [1] * 4
    assert len({t.fuel for t in told[1:]}) == 1
    kept.close()


def test_memory_that_grew_in_a_call_is_told(load: Load, exchange: Exchange) -> None:
    kept = load(spoken("(drop (memory.grow (i32.const 3))) (i64.const 0)", imports="")).keep()
    assert [exchange(kept).peak_memory_bytes // PAGE_BYTES for _ in range(2)] == [7, 10]
    kept.close()


def test_each_call_has_a_log_of_its_own(load: Load, exchange: Exchange) -> None:
    kept = load(spoken("(call $log (i32.const 16) (i32.const 2)) (i64.const 0)", imports=LOG)).keep()
    assert [exchange(kept).log for _ in range(3)] == ["op\n"] * 3
    kept.close()


def test_the_log_of_a_failed_call_stands_on_its_error(load: Load, exchange: Exchange) -> None:
    kept = load(spoken("(call $log (i32.const 16) (i32.const 2)) (unreachable)", imports=LOG)).keep()
    with pytest.raises(AttemptFailed) as raised:
        exchange(kept)
    assert raised.value.data["log"] == "op\n"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"execute": FOR_EVER}, "limit.time"),
        ({"execute": "(unreachable)"}, "guest.trap"),
        ({"dealloc": "(unreachable)"}, "guest.trap"),
        ({"dealloc": FOR_EVER}, "limit.time"),
        ({"alloc": "(i32.const 0)"}, "abi.bad_alloc"),
        ({"execute": "(i64.const -1)"}, "abi.bad_pointer"),
    ],
    ids=repr,
)
def test_a_failed_call_is_the_last_of_its_instance(
    load: Load, exchange: Exchange, part: dict[str, str], code: str
) -> None:
    parts: dict[str, str] = {"execute": COUNTS, "alloc": BUMP, "imports": ""} | part
    kept = load(spoken(**parts), limits=LONG).keep()  # type: ignore[arg-type]  # none of them is a number
    with pytest.raises(AttemptFailed) as raised:
        exchange(kept, deadline_s=0.05)
    assert (raised.value.code, kept.is_over) == (code, True)
    assert raised.value.data["peak_memory_bytes"] == 4 * PAGE_BYTES
    with pytest.raises(AttemptFailed, match="after its end"):
        exchange(kept)


def test_a_call_in_place_after_a_long_one_on_a_fiber_is_not_cut_short(load: Load) -> None:
    kept = load(spoken(f"{times(40_000_000, '')} {COUNTS}", imports=""), limits=LONG).keep()
    assert asyncio.run(kept.call_async(b"{}", 20.0, world=Surroundings())).output == b"\x01"
    assert kept.call(b"{}", 20.0).output == b"\x02"
    kept.close()


@pytest.mark.parametrize("first", ["here", "fiber"])
def test_a_guest_that_asks_is_called_in_place_and_on_a_fiber_in_turn(load: Load, first: str) -> None:
    kept = load(spoken(ASK, imports=CALL)).keep()
    for n in range(4):
        if (n % 2 == 0) == (first == "here"):
            assert b"capability.denied" in kept.call(b"[1]", 5.0).output
        else:
            told = asyncio.run(kept.call_async(b"[1]", 5.0, world=Surroundings(), serve=_echo))
            assert told.output == b"[1]"
    kept.close()


def test_a_call_that_passed_its_deadline_does_not_stop_another_instance(load: Load) -> None:
    guest = load(
        spoken(f"(if (i32.eq (local.get 1) (i32.const 1)) (then {FOR_EVER})) {COUNTS}", imports=""),
        limits=LONG,
    )
    one, other = guest.keep(), guest.keep()
    with pytest.raises(AttemptTimedOut):
        one.call(b"x", 0.02)
    assert other.call(b"{}", 5.0).output == b"\x01"
    other.close()
