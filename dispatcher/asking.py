"""A question that is given up when its time is over, whether whoever was asked stops or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Unanswered(Exception):  # it is no error of anybody's
    """There was no answer in time."""


async def answered(question: Awaitable[T], *, until: float) -> T:
    """Return the answer; who does not answer in time, and does not stop either, is left behind.

    Args:
        question: Asked from now on.
        until: The loop's time when it is given up.

    Raises:
        Unanswered: There was no answer.
    """
    loop = asyncio.get_running_loop()
    asking = asyncio.ensure_future(question)
    try:
        await asyncio.wait({asking}, timeout=max(0.0, until - loop.time()))
        if not asking.done():
            raise Unanswered
        return asking.result()
    finally:
        if not asking.done():
            asking.add_done_callback(_unheard)
            asking.cancel()


def _unheard(asking: asyncio.Future[T]) -> None:
    if not asking.cancelled():
        asking.exception()  # fetched, so that the loop does not report it as lost
