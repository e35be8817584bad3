"""A model's place: what stands in it may change while calls to what stood there before go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider
from providers.pieces import closing

Close = Callable[[], Awaitable[None]]


class Served:
    """A model in service, closed when it is retired and its last call has ended.

    Args:
        provider: The model.
        close: Ends what it runs: a server of its own.
    """

    def __init__(self, provider: StreamingProvider, close: Close | None = None) -> None:
        self._provider = provider
        self._close = close
        self._calls = 0
        self._is_retired = False

    @asynccontextmanager
    async def call(self) -> AsyncIterator[StreamingProvider]:
        """Hold the model for one call."""
        self._calls += 1
        try:
            yield self._provider
        finally:
            self._calls -= 1
            await self._end_if_idle()

    async def retire(self) -> None:
        """Take no more calls; those under way go on."""
        self._is_retired = True
        await self._end_if_idle()

    async def aclose(self) -> None:
        """End it now, whatever is under way."""
        close, self._close = self._close, None
        if close is not None:
            await close()

    async def _end_if_idle(self) -> None:
        if self._is_retired and self._calls == 0:
            await self.aclose()


class Slot:
    """One name, and the model that answers to it now."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def swap(self, served: Served) -> None:
        """Let another model answer from the next call on."""
        before, self._served = self._served, served
        await before.retire()

    async def aclose(self) -> None:
        """End the model."""
        await self._served.aclose()

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        async with self._served.call() as provider:
            return await provider.complete(messages, max_tokens=max_tokens, options=options)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        async with self._served.call() as provider:
            asked = provider.stream(messages, max_tokens=max_tokens, options=options)
            async with closing(asked) as found:
                async for piece in found:
                    yield piece
