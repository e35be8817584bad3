"""So many requests to one host at once, whoever makes them: politeness that no plan can talk away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

PER_HOST: Final = 6
"""As browsers do."""


class HostTurns:
    """Lets requests to a host wait for each other.

    Args:
        limit: Requests to one host at once.
    """

    def __init__(self, limit: int = PER_HOST) -> None:
        if limit < 1:
            raise ValueError(f"at least one request at a time, not {limit}")
        self._limit = limit
        self._waiting: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host, and keep it meanwhile."""
        semaphore, users = self._waiting.get(host) or (asyncio.Semaphore(self._limit), 0)
        self._waiting[host] = semaphore, users + 1
        try:
            async with semaphore:
                yield
        finally:
            semaphore, users = self._waiting[host]
            if users == 1:
                del self._waiting[host]
            else:
                self._waiting[host] = semaphore, users - 1
