"""What one ask may use, however many hops it takes: bytes and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from contracts.clock import Clock
from contracts.errors import AttemptFailed, AttemptTimedOut
from egress.target import shown


@dataclass(slots=True)
class Counts:
    """What went through a door so far."""

    requests: int = 0
    wire_bytes: int = 0
    refused: int = 0


@dataclass(slots=True)
class Meter:
    """Bytes used of a cap."""

    limit: int
    used: int = 0

    def add(self, count: int) -> None:
        """Count bytes.

        Raises:
            AttemptFailed: `egress.too_large`.
        """
        self.used += count
        if self.used > self.limit:
            raise too_large(self.limit, "on the wire")


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an ask must have its whole answer."""

    url: str
    within_s: float
    clock: Clock
    begun: float
    until: float
    """In the event loop's time, as `asyncio.timeout_at` takes it."""

    @classmethod
    def of(cls, url: str, *, within_s: float, clock: Clock) -> Self:
        """Return the deadline of an ask that begins now."""
        until = asyncio.get_running_loop().time() + within_s
        return cls(url, within_s, clock, clock.monotonic(), until)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """End the block when the time is up.

        Raises:
            AttemptTimedOut: `egress.timeout`.
        """
        timeout = asyncio.timeout_at(self.until)
        try:
            async with timeout:
                yield
        except TimeoutError as exc:
            if not timeout.expired():
                raise
            elapsed_s = self.clock.monotonic() - self.begun
            raise timed_out(self.url, within_s=self.within_s, elapsed_s=elapsed_s) from exc


def too_large(limit: int, where: str) -> AttemptFailed:
    """Return the error for an answer beyond a cap."""
    return AttemptFailed(
        "egress.too_large",
        f"the answer exceeds {limit} bytes {where}",
        data={"limit": limit, "measured": where},
    )


def timed_out(url: str, *, within_s: float, elapsed_s: float) -> AttemptTimedOut:
    """Return the error for an ask that met its deadline."""
    return AttemptTimedOut(
        "egress.timeout",
        f"{shown(url)!r} did not answer whole within {within_s:g} s",
        retryable=True,
        where=shown(url),
        data={"elapsed_s": round(elapsed_s, 3)},
    )
