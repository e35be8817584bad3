"""The chunks of a stream, no more of them than a reply may have, and never all of the loop's time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final, TypeVar

from contracts.errors import AttemptFailed
from providers.collecting import Collector

TAIL_S: Final = 1.0
"""For what may follow the end: usage, timings."""
A_TURN: Final = 32
T = TypeVar("T")


def chunks_at_most(max_tokens: int) -> int:
    """Return how many chunks a reply may have; servers that write single characters need several a token."""
    return 2000 + 8 * max_tokens


async def paced(
    chunks: AsyncGenerator[T] | AsyncIterator[T], found: Collector, *, at_most: int
) -> AsyncGenerator[T]:
    """Yield what comes, and close what it comes from; once the end was told, wait for what follows, but not long.

    Raises:
        AttemptFailed: `provider.too_large`, more than `at_most` came.
    """
    until: float | None = None
    count = 0
    try:
        while True:
            if found.is_finished and until is None:
                until = asyncio.get_running_loop().time() + TAIL_S
            try:
                async with asyncio.timeout_at(until):
                    chunk = await anext(chunks)
            except (StopAsyncIteration, TimeoutError):
                return
            count += 1
            if count > at_most:
                raise AttemptFailed(
                    "provider.too_large",
                    f"the model's reply comes in more than {at_most} parts",
                    hint="Raise the limit of tokens, if the endpoint writes so small parts.",
                )
            if count % A_TURN == 0:
                await asyncio.sleep(0)  # a flood that is always there would keep everybody else waiting
            yield chunk
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
