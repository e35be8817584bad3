"""What our calls cost: CPU microseconds of this thread, minimum of many, as one JSON line.

    python calls_side.py CALLS

Epoch and fuel are on, as they always are. CALLS make one mean.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from benchmarks.wasm.bare_loop import BareLoop
from benchmarks.wasm.modules import ECHO, HOST_CALLS, module
from benchmarks.wasm.shapes import HOST_CALLS as MANY
from benchmarks.wasm.shapes import LARGE, SMALL, wrapped
from benchmarks.wasm.timing import ROUNDS, best, best_each
from contracts.jsonvalue import parse_json
from wasm_agents.envelope import open_envelope
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.kept import Kept
from wasm_agents.limits import GuestLimits

PATIENCE_S = 60.0
ARMED = 40


def main() -> None:
    """Measure every case."""
    calls, host = int(sys.argv[1]), Host()
    limits, code = GuestLimits(wall_ms=60_000), module(ECHO)
    guest, bare = host.load(code, limits), BareLoop(host, code, limits)
    kept = guest.keep()
    for size in (SMALL, LARGE):
        assert bare.call(size) == kept.call(size, PATIENCE_S).output == wrapped(size)
    asking = host.load(module(HOST_CALLS), GuestLimits(wall_ms=60_000, host_calls=10 * MANY))
    found = warm(bare, kept, calls) | fresh(guest, calls) | asked(asking)
    print(json.dumps(found | {"other_threads": elsewhere(kept, calls)}))
    host.close()


def warm(bare: BareLoop, kept: Kept, calls: int) -> dict[str, float]:
    """Return what a call into an instance that is there costs, beside the bare loop."""
    fewer = max(1, calls // 60)
    small = best_each({"bare": lambda: bare.call(SMALL), "warm": lambda: kept.call(SMALL, PATIENCE_S)}, calls)
    large = best_each({"bare": lambda: bare.call(LARGE), "warm": lambda: kept.call(LARGE, PATIENCE_S)}, fewer)
    # Apart: what it frees would be given back to the kernel, and be missing from the heap in the others' turn.
    large["json"] = best(lambda: checked(kept, LARGE), fewer)
    return {f"{name}_100b": us for name, us in small.items()} | {f"{n}_1mb": us for n, us in large.items()}


def checked(kept: Kept, content: bytes) -> object:
    """Return what a guest answers to bytes that are JSON, both read strictly."""
    parse_json(content)
    return open_envelope(kept.call(content, PATIENCE_S).output)


def fresh(guest: Guest, calls: int) -> dict[str, float]:
    """Return what a call in an instance of its own costs, and what is left of it when that was made ahead."""
    made = best(lambda: guest.call(SMALL, PATIENCE_S), max(1, calls // 4))
    waited = []
    for _ in range(ROUNDS):
        guest.arm(ARMED)
        began = time.thread_time()
        for _ in range(ARMED):
            guest.call(SMALL, PATIENCE_S)
        waited.append((time.thread_time() - began) / ARMED * 1e6)
    return {"fresh_100b": made, "armed_100b": min(waited)}


def asked(asking: Guest) -> dict[str, float]:
    """Return what a call of a guest to its host costs: answered in place, and on a fiber that is set aside."""
    content = b"x" * MANY
    here = best(lambda: asking.call(content, PATIENCE_S, serve=lambda _op, given: given), 1)

    async def answer(_op: str, given: bytes) -> bytes:
        return given

    async def later() -> float:
        spent = []
        for _ in range(ROUNDS):
            began = time.thread_time()
            await asking.call_async(content, PATIENCE_S, serve=answer)
            spent.append(time.thread_time() - began)
        return min(spent) * 1e6

    return {"host_call": here / MANY, "host_call_fibers": asyncio.run(later()) / MANY}


def elsewhere(kept: Kept, calls: int) -> float:
    """Return the share of the process's CPU that goes to other threads, such as the one that moves epochs on."""
    whole, here = time.process_time(), time.thread_time()
    for _ in range(calls * 20):
        kept.call(SMALL, PATIENCE_S)
    here, whole = time.thread_time() - here, time.process_time() - whole
    return round(1 - here / whole, 4)


if __name__ == "__main__":
    main()
