"""Offer a service a steady number of requests a second, whatever it answers in time: an open loop.

A request is due at its place in the schedule, not when a connection happens to
be free, and its latency counts from then; so a service that stalls is charged
for everybody who had to wait. The generator says what it used itself: its CPU,
and how late it was to send what it could have sent.

    python benchmarks/durable/load.py HOST:PORT [--rate N] [--seconds S] [--plans own|same]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import time
from collections import deque
from typing import Any, Final, Literal

from typing_extensions import override

from benchmarks.durable.shapes import objective_body

Plans = Literal["own", "same"]

TICK_S: Final = 0.001
MAX_CONNECTIONS: Final = 256
PATIENCE_S: Final = 20.0
"""For answers still missing when the last request was due."""


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request on its way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._got = b""
        self.due = 0.0
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        got = self._got + data
        head_end = got.find(b"\r\n\r\n")
        if head_end < 0 or len(got) < head_end + 4 + _length(got[:head_end]):
            self._got = got
            return
        self._got = b""
        self._load.answered(self, int(got[9:12]))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)

    def send(self, request: bytes, due: float) -> None:
        """Send one request."""
        assert self.transport is not None
        self.due = due
        self.transport.write(request)

    def close(self) -> None:
        """Hang up."""
        assert self.transport is not None
        self.due = 0.0
        self.transport.close()


class Load:
    """One run of the schedule.

    Args:
        host: Where the service listens.
        port: Where the service listens.
        rate: Requests a second.
        count: Requests in all.
        plans: Whether each request brings a plan of its own, or all the same.
    """

    def __init__(self, host: str, port: int, *, rate: float, count: int, plans: Plans = "own") -> None:
        self._address = (host, port)
        self._rate = rate
        self._count = count
        self._plans = plans
        self._mark = os.urandom(6).hex()
        self._open_ones: set[Connection] = set()
        self._free: list[Connection] = []
        self._waiting: deque[tuple[int, float]] = deque()
        self._opened = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._next = 0
        self.began = 0.0
        """Monotonic seconds, as are the others."""
        self._ended = asyncio.Event()
        self.latencies: list[float] = []
        self.lags: list[float] = []
        self.statuses: dict[int, int] = {}
        self.last_answer = 0.0

    async def run(self, connections: int) -> None:
        """Open the first connections, go through the schedule, wait for what is still on its way."""
        await asyncio.gather(*(self._open() for _ in range(connections)))
        loop = asyncio.get_running_loop()
        self.began = loop.time() + 0.05
        while self._next < self._count:
            now = loop.time()
            while self._next < self._count and self.began + self._next / self._rate <= now:
                self._begin(self._next, now)
                self._next += 1
            await asyncio.sleep(TICK_S)
        try:
            await asyncio.wait_for(self._ended.wait(), PATIENCE_S)
        except TimeoutError:
            self._count_answer(0, self._count - sum(self.statuses.values()))
        for connection in tuple(self._open_ones):
            connection.close()

    def answered(self, connection: Connection, status: int) -> None:
        """Take an answer; give the connection what waits."""
        now = asyncio.get_running_loop().time()
        self.latencies.append(now - connection.due)
        self._count_answer(status)
        self.last_answer = now
        connection.due = 0.0
        if self._waiting:
            number, due = self._waiting.popleft()
            connection.send(self._request(number), due)
        else:
            self._free.append(connection)

    def lost(self, connection: Connection) -> None:
        """Count a request whose connection was closed as one without an answer."""
        self._opened -= 1
        self._open_ones.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if connection.due:
            self._count_answer(0)
        self._open_another()

    def _begin(self, number: int, now: float) -> None:
        due = self.began + number / self._rate
        if self._free:
            self.lags.append(now - due)
            self._free.pop().send(self._request(number), due)
            return
        self._waiting.append((number, due))
        self._open_another()

    def _count_answer(self, status: int, count: int = 1) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + count
        if sum(self.statuses.values()) >= self._count:
            self._ended.set()

    def _open_another(self) -> None:
        if self._waiting and self._opened < MAX_CONNECTIONS:
            self._opened += 1  # counted at once, so that a stall opens no more than there may be
            task = asyncio.get_running_loop().create_task(self._open_for_waiting())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        self._opened += 1
        await self._connect()

    async def _open_for_waiting(self) -> None:
        await self._connect()
        if self._waiting and self._free:
            number, due = self._waiting.popleft()
            self._free.pop().send(self._request(number), due)

    async def _connect(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self), *self._address
        )
        self._open_ones.add(connection)
        self._free.append(connection)

    def _request(self, number: int) -> bytes:
        body = objective_body(number if self._plans == "own" else 0)
        head = (
            f"POST /objectives HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {self._mark}-{number}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


def quantile(samples: list[float], q: float) -> float:
    """Return the `q` quantile: the smallest sample that at least that share does not exceed."""
    return sorted(samples)[max(0, math.ceil(q * len(samples)) - 1)]


async def offer(load: Load, connections: int) -> dict[str, Any]:
    """Return what came of a load, times in milliseconds; `last_answer` is on the machine's monotonic clock."""
    gc.freeze()
    gc.disable()
    began, cpu = time.perf_counter(), time.process_time()
    await load.run(connections)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    span = max(load.last_answer - load.began, 1e-9)
    found: dict[str, Any] = {
        "answered_per_s": round(len(load.latencies) / span, 1),
        "statuses": {str(status): count for status, count in sorted(load.statuses.items())},
        "generator_cpu": round(used / took, 3),
        "seconds": round(span, 3),
        "last_answer": load.last_answer,
    }
    for name, q in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)):
        found[f"{name}_ms"] = round(quantile(load.latencies, q) * 1000, 2) if load.latencies else None
    found["generator_lag_p99_ms"] = round(quantile(load.lags, 0.99) * 1000, 2) if load.lags else None
    return found


def main() -> None:
    """Offer the load, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--plans", choices=("own", "same"), default="own")
    given = parser.parse_args()
    host, _, port = given.address.rpartition(":")
    count = round(given.rate * given.seconds)
    load = Load(host, int(port), rate=given.rate, count=count, plans=given.plans)
    print(json.dumps(asyncio.run(offer(load, given.connections))))


if __name__ == "__main__":
    main()
