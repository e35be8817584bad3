"""Clients that read the events of runs and are cut off again and again, in a process of their own.

    python benchmarks/chaos/readers.py PORT CLIENTS RECONNECTS SEED RUN_ID…

prints a line once every client was cut off often enough, then, when the runs
are over, what all of them saw as one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.chaos.event_stream import Over, Stream
from benchmarks.chaos.feeder import FINAL
from benchmarks.chaos.wire import Gone

READ_S: Final = 30.0
OPEN_FILES: Final = 8192


@dataclass(slots=True)
class Heard:
    """What some clients saw, added up."""

    events: int = 0
    connections: int = 0
    gaps: int = 0
    doubles: int = 0
    unfinished: int = 0
    refused: int = 0
    """Connections that were not answered by a stream."""
    last: dict[str, list[int]] = field(default_factory=dict)
    """Run id -> the numbers of the last events its clients heard."""

    def add(self, other: dict[str, Any]) -> None:
        """Add what another process saw."""
        for name in ("events", "connections", "gaps", "doubles", "unfinished", "refused"):
            setattr(self, name, getattr(self, name) + other[name])
        for run_id, numbers in other["last"].items():
            self.last.setdefault(run_id, []).extend(numbers)


@dataclass(slots=True)
class _Client:
    """Reads one run, over many connections."""

    port: int
    run_id: str
    rng: random.Random
    heard: Heard
    last: int = 0

    async def be_cut_off(self, times: int) -> None:
        """Connect so often, read a little, and break off."""
        for _ in range(times):
            if await self._read(most=self.rng.randint(0, 3)):
                break

    async def to_the_end(self) -> None:
        """Read until the run is over."""
        until = time.monotonic() + READ_S * 4
        while time.monotonic() < until:
            if await self._read(most=None):
                self.heard.last.setdefault(self.run_id, []).append(self.last)
                return
        self.heard.unfinished += 1

    async def _read(self, *, most: int | None) -> bool:
        """Read so many events from a new connection and return whether one was the last of all."""
        try:
            stream = await self._connected()
        except Over:
            return True
        try:
            count = 0
            async with asyncio.timeout(READ_S):
                while most is None or count < most:
                    sent = await stream.next()
                    if sent is None:
                        return False
                    count += self._hear(sent.event_id)
                    if sent.kind in FINAL:
                        return True
        except (Gone, TimeoutError):
            return False
        finally:
            stream.close()
        return False

    async def _connected(self) -> Stream:
        while True:
            try:
                stream = await Stream.open(self.port, self.run_id, after=self.last)
            except Gone:
                self.heard.refused += 1
                await asyncio.sleep(self.rng.uniform(0.05, 0.5))
                continue
            self.heard.connections += 1
            return stream

    def _hear(self, event_id: int) -> bool:
        if not event_id:
            return False
        self.heard.events += 1
        self.heard.doubles += event_id <= self.last
        self.heard.gaps += max(event_id - self.last - 1, 0)
        self.last = max(self.last, event_id)
        return True


async def _be_clients(numbers: Sequence[int], run_ids: Sequence[str]) -> None:
    port, count, reconnects, seed = numbers
    heard = Heard()
    clients = [
        _Client(port, run_ids[i % len(run_ids)], random.Random(seed * 1000 + i), heard) for i in range(count)
    ]
    await asyncio.gather(*(client.be_cut_off(reconnects) for client in clients))
    print("cut off often enough", flush=True)
    await asyncio.gather(*(client.to_the_end() for client in clients))
    print(json.dumps(asdict(heard)), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    asyncio.run(_be_clients([int(word) for word in sys.argv[1:5]], sys.argv[5:]))
