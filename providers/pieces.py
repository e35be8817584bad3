"""Pieces on their way: read within a deadline by the clock, and closed whatever happens.

The endpoint is read in a task of its own, so that the reading can be left
behind. Its deadline judges the endpoint alone: a caller who takes the pieces
slowly does not make it late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from contracts.clock import Clock
from contracts.errors import Unavailable
from providers.chat import Piece

GRACE_S: Final = 0.5
"""For a reading that was told to stop; it is left behind after that."""
_Mark = Literal["ended", "no first piece", "late"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long one try may take, in seconds from now."""

    first_piece_s: float
    whole_s: float


@asynccontextmanager
async def closing(pieces: AsyncIterator[Piece]) -> AsyncIterator[AsyncIterator[Piece]]:
    """Give pieces to be read, and close what they come from afterwards."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def bounded(pieces: AsyncIterator[Piece], bounds: Bounds, *, clock: Clock) -> AsyncIterator[Piece]:
    """Yield pieces as they come.

    Raises:
        Unavailable: `provider.timeout`, with the `stage` that took too long.
    """
    box: asyncio.Queue[Piece | _Mark] = asyncio.Queue()  # as large as an adapter lets a reply become
    begun = asyncio.Event()
    reading = asyncio.create_task(_read(pieces, box, begun))
    reading.add_done_callback(lambda _: box.put_nowait("ended"))
    watching = asyncio.create_task(_watch(box, begun, bounds, clock))
    try:
        while isinstance(found := await box.get(), Piece):
            yield found
        if found != "ended":
            raise _too_slow(found, bounds)
        reading.result()
    finally:
        await _stop(reading, watching)


async def _read(
    pieces: AsyncIterator[Piece], box: asyncio.Queue[Piece | _Mark], begun: asyncio.Event
) -> None:
    async with closing(pieces) as coming:
        async for piece in coming:
            begun.set()
            box.put_nowait(piece)


async def _watch(
    box: asyncio.Queue[Piece | _Mark], begun: asyncio.Event, bounds: Bounds, clock: Clock
) -> None:
    first_s = min(bounds.first_piece_s, bounds.whole_s)
    await clock.sleep(max(0.0, first_s))
    if not begun.is_set():
        box.put_nowait("no first piece")
        return
    await clock.sleep(max(0.0, bounds.whole_s - first_s))
    box.put_nowait("late")


async def _stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
        task.add_done_callback(_heard)
    await asyncio.wait(tasks, timeout=GRACE_S)


def _heard(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # fetched, so that the loop does not report it as lost


def _too_slow(mark: _Mark, bounds: Bounds) -> Unavailable:
    is_first = mark == "no first piece"
    seconds = min(bounds.first_piece_s, bounds.whole_s) if is_first else bounds.whole_s
    what = "said nothing" if is_first else "was not done"
    return Unavailable(
        "provider.timeout",
        f"the model {what} within {seconds:.3g} seconds",
        hint="Give it more time with timeout_s and first_piece_timeout_s, or a faster model.",
        data={"stage": "first_piece" if is_first else "whole", "timeout_s": round(seconds, 3)},
    )
