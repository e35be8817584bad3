"""Wait for something to become true, for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(claim: Callable[[], bool], *, within_s: float, every_s: float = 0.02) -> None:
    """Return once `claim` holds.

    Raises:
        TimeoutError: It does not.
    """
    async with asyncio.timeout(within_s):
        while True:
            if claim():
                return
            await asyncio.sleep(every_s)
