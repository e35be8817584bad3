"""Host calls that fail, from many threads at once: each failure must reach the guest, and the caller, it belongs to.

Every call carries who makes it and which of its calls it is; every failure
says so in return. Four ways: what serves answers an error or raises one, in
place or on a fiber.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Final

from benchmarks.attack.attack import from_wat
from benchmarks.attack.spell import CALL, data_at, spell_core
from contracts.errors import AttemptFailed, CallsheetError
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.doors.envelopes import failed
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

THREADS: Final = 8
AT_ONCE: Final = 25
"""Guests under way on one thread's event loop."""
PER_GUEST: Final = 100
_ID: Final = re.compile(rb"([0-9a-f]{16}):(\d+)")

_OUT: Final = 65_536
# Appends a counter to its input, calls with it, and keeps every reply, one behind the other.
_BODY: Final = f"""(local $i i32) (local $out i32) (local $r i64)
  (local.set $out (i32.const {_OUT}))
  (loop $again
    (i32.store (i32.add (local.get 0) (local.get 1)) (local.get $i))
    (local.set $r (call $call (i32.const 2000) (i32.const 4) (local.get 0) (i32.add (local.get 1) (i32.const 4))))
    (memory.copy (local.get $out) (i32.wrap_i64 (i64.shr_u (local.get $r) (i64.const 32))) (i32.wrap_i64 (local.get $r)))
    (local.set $out (i32.add (local.get $out) (i32.wrap_i64 (local.get $r))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $i) (i32.const {{count}}))))
  (i64.or (i64.const {_OUT << 32}) (i64.extend_i32_u (i32.sub (local.get $out) (i32.const {_OUT}))))"""
_ALLOC: Final = """(if (i32.eqz (global.get $n)) (then (global.set $n (i32.const 1)) (return (i32.const 1024))))
  (i32.const 32768)"""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the failing calls."""

    made: int = 0
    """Served, by whoever serves."""
    delivered: int = 0
    """Heard of by the caller that made them, in their order."""
    astray: int = 0
    """Heard of by another, or out of order."""

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.made + other.made,
            self.delivered + other.delivered,
            self.astray + other.astray,
        )

    @property
    def lost(self) -> int:
        """Made, and heard of by nobody."""
        return self.made - self.delivered - self.astray


def calling(count: int) -> bytes:
    """Return the guest that makes so many host calls and answers with every reply."""
    return from_wat(
        spell_core(
            {
                "imports": CALL,
                "memory": '(memory (export "memory") 16)',
                "data": data_at(2000, b"fail"),
                "more": "(global $n (mut i32) (i32.const 0))",
                "alloc": _ALLOC,
                "execute": _BODY.format(count=count),
            }
        )
    )


def fail_often(times: int) -> Tally:
    """Make so many failing host calls or some more, a quarter in each way, from all threads."""
    host = Host(Compiler(None))
    limits = GuestLimits(memory_bytes=2**20, host_calls=PER_GUEST, wall_ms=600_000)
    many, once = host.load(calling(PER_GUEST), limits), host.load(calling(1), limits)
    share = ceil(times / (4 * THREADS))
    runs = ceil(share / PER_GUEST)
    ways: list[Callable[[int], Tally]] = [
        lambda t: _in_place(many, f"a{t:x}", runs),
        lambda t: asyncio.run(_on_fibers(many, f"b{t:x}", runs)),
        lambda t: _raised_in_place(once, f"c{t:x}", share),
        lambda t: asyncio.run(_raised_on_fibers(once, f"d{t:x}", share)),
    ]
    # Each thread takes the ways in another order: all of them are under way at once.
    turns = [ways[t % 4 :] + ways[: t % 4] for t in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        done = threads.map(lambda t: sum((way(t) for way in turns[t]), Tally()), range(THREADS))
        found = sum(done, Tally())
    host.close()
    return found


def _id(prefix: str, number: int) -> bytes:
    return f"{prefix}{number:0{16 - len(prefix)}x}".encode()


def _told(given: bytes) -> str:
    return f"{given[:16].decode()}:{int.from_bytes(given[16:], 'little')}"


def _heard(who: bytes, output: bytes, made: int) -> Tally:
    """Hold every reply against who asked and in which order."""
    found = _ID.findall(output)
    right = sum(said == (who, b"%d" % n) for n, said in enumerate(found))
    return Tally(made, right, len(found) - right)


def _in_place(guest: Guest, prefix: str, runs: int) -> Tally:
    total = Tally()
    for number in range(runs):
        served = Counter[str]()
        who = _id(prefix, number)
        output = guest.call(who, 600.0, serve=partial(_answer, served)).output
        total += _heard(who, output, served.total())
    return total


def _answer(served: Counter[str], _op: str, given: bytes) -> bytes:
    served["made"] += 1
    return failed("fetch.failed", _told(given))


async def _on_fibers(guest: Guest, prefix: str, runs: int) -> Tally:
    async def one(number: int) -> Tally:
        served, who = Counter[str](), _id(prefix, number)

        async def serve(op: str, given: bytes) -> bytes:
            await asyncio.sleep(0)
            return _answer(served, op, given)

        return _heard(who, (await guest.call_async(who, 600.0, serve=serve)).output, served.total())

    return await _together(one, runs)


def _raised_in_place(guest: Guest, prefix: str, runs: int) -> Tally:
    total = Tally()
    for number in range(runs):
        who = _id(prefix, number)
        try:
            guest.call(who, 600.0, serve=_raise)
        except CallsheetError as error:
            total += _heard(who, error.message.encode(), 1)
    return total


def _raise(_op: str, given: bytes) -> bytes:
    raise AttemptFailed("fetch.failed", _told(given))


async def _raised_on_fibers(guest: Guest, prefix: str, runs: int) -> Tally:
    async def one(number: int) -> Tally:
        who = _id(prefix, number)

        async def serve(op: str, given: bytes) -> bytes:
            await asyncio.sleep(0)
            return _raise(op, given)

        try:
            await guest.call_async(who, 600.0, serve=serve)
        except CallsheetError as error:
            return _heard(who, error.message.encode(), 1)
        return Tally(1)

    return await _together(one, runs)


async def _together(one: Callable[[int], Awaitable[Tally]], runs: int) -> Tally:
    total = Tally()
    for first in range(0, runs, AT_ONCE):
        block = range(first, min(runs, first + AT_ONCE))
        total = sum(await asyncio.gather(*(one(number) for number in block)), total)
    return total
