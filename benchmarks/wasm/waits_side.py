"""Guests that all wait for their host at once, on one thread; what they cost, as one JSON line.

    python waits_side.py GUESTS WAIT_MS

First all wait until the last of them does, for what they hold together; then
each waits `WAIT_MS` by its own, for what it costs. Every answer is checked.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.wasm.collecting import as_served
from benchmarks.wasm.modules import WAITS, module
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

PATIENCE_S = 60.0
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024

Serve = Callable[[str, bytes], Awaitable[bytes]]


class Crowd:
    """Guests in a host call, counted."""

    def __init__(self, wanted: int, wait_s: float) -> None:
        self.most = self._now = self.peak_kb = 0
        self._wanted = wanted
        self._wait_s = wait_s
        self._all_there = asyncio.Event()
        self._threads: set[int] = set()

    @property
    def threads(self) -> int:
        """How many threads served them."""
        return len(self._threads)

    async def together(self, _op: str, given: bytes) -> bytes:
        """Answer when all are waiting."""
        self._now += 1
        if self._now == self._wanted:
            self.most, self.peak_kb = self._now, resident_kb()
            self._all_there.set()
        await self._all_there.wait()
        return given

    async def apart(self, _op: str, given: bytes) -> bytes:
        """Answer after a time of its own."""
        self._threads.add(threading.get_ident())
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(self._wait_s)
        self._now -= 1
        return given


def resident_kb() -> int:
    """Return what this process holds in memory, KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KB


async def ask_all(guest: Guest, count: int, serve: Serve) -> float:
    """Call a guest so often at once; return the seconds until the last answer."""
    began = time.perf_counter()
    contents = [b'{"ok":%d}' % number for number in range(count)]
    answers = await asyncio.gather(*(guest.call_async(each, PATIENCE_S, serve=serve) for each in contents))
    wall = time.perf_counter() - began
    if [answer.output for answer in answers] != contents:
        raise SystemExit("a guest was given another's answer")
    return wall


async def cost(guest: Guest, count: int, crowd: Crowd) -> dict[str, float]:
    """Return the CPU of each guest of a crowd, and the seconds until all have answered."""
    cpu, here = time.process_time(), time.thread_time()
    wall = await ask_all(guest, count, crowd.apart)
    cpu, here = time.process_time() - cpu, time.thread_time() - here
    return {"wall_s": wall, "cpu_us": cpu / count * 1e6, "thread_us": here / count * 1e6}


async def measure(guest: Guest, count: int, wait_s: float) -> dict[str, float]:
    """Return what they hold and cost."""
    await ask_all(guest, 3, Crowd(3, 0).together)  # first calls load code
    gc.collect()
    before, crowd = resident_kb(), Crowd(count, 0)
    await ask_all(guest, count, crowd.together)
    held = (crowd.peak_kb - before) / crowd.most
    default = await cost(guest, count, Crowd(count, wait_s))
    with as_served():
        crowd = Crowd(count, wait_s)
        told = await cost(guest, count, crowd)
    began = time.process_time()
    await asyncio.gather(*(asyncio.sleep(wait_s) for _ in range(count)))
    asleep = time.process_time() - began
    return {
        **told, "default_gc_us": default["cpu_us"], "rss_kb": held,
        "most": crowd.most, "threads": crowd.threads, "asyncio_us": asleep / count * 1e6,
    }  # fmt: skip


def main() -> None:
    """Measure once."""
    count, wait_ms = int(sys.argv[1]), float(sys.argv[2])
    host = Host()
    guest = host.load(module(WAITS), GuestLimits(wall_ms=60_000))
    print(json.dumps(asyncio.run(measure(guest, count, wait_ms / 1000))))
    host.close()


if __name__ == "__main__":
    main()
