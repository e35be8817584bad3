"""From the writer's thread to the event loop, many results with one wake-up.

A loop woken once for each row spends more on being woken than the row costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future


class Relay:
    """Hands results of other threads to one loop, as many at once as are ready."""

    def __init__(self) -> None:
        self._ready: deque[tuple[Future[None], asyncio.Future[None]]] = deque()
        self._is_woken = False  # set by any thread, cleared by the loop before it looks

    async def wait(self, future: Future[None]) -> None:
        """Return when the future is done; raise what it raises. Being cancelled leaves it alone."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda done: self._note(done, mine, loop))
        await mine

    def _note(self, done: Future[None], mine: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        self._ready.append((done, mine))
        if not self._is_woken:
            self._is_woken = True
            loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._is_woken = False
        while self._ready:
            done, mine = self._ready.popleft()
            if mine.done():
                continue
            error = done.exception()
            if error is not None:
                mine.set_exception(error)
            else:
                mine.set_result(None)
