"""`Prefer: wait=N` (RFC 7240): hold the answer back until the run has ended, for a bounded time."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from contracts.engine import Engine

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def preferred_wait(prefer: str | None, *, most: float) -> float | None:
    """Return the seconds a `Prefer` header asks to wait, at most `most`; None when it asks for none."""
    found = _WAIT.search((prefer or "")[:200])
    return min(float(found[1]), most) if found else None


async def wait_for_end(engine: Engine, run_id: str, *, seconds: float, closing: asyncio.Event) -> None:
    """Return once the run has ended, `seconds` have passed or the server closes."""
    ended = asyncio.ensure_future(engine.wait(run_id, seconds))
    closed = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({ended, closed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (ended, closed):
            task.cancel()
        await asyncio.gather(ended, closed, return_exceptions=True)
