"""What the operator says of every call to a model: how long a reply may be, how much context, how free it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider
from providers.pieces import closing


@dataclass(frozen=True, slots=True)
class Defaults:
    """Where the operator has a say; None leaves it to the caller, then to the endpoint."""

    max_tokens: int | None = None
    """At most, whatever the caller asks."""
    num_ctx: int | None = None
    temperature: float | None = None


class Defaulted:
    """A model that is asked within what the operator says."""

    def __init__(self, inner: StreamingProvider, defaults: Defaults) -> None:
        self._inner = inner
        self._defaults = defaults

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        return await self._inner.complete(
            messages, max_tokens=self._most(max_tokens), options=self._with(options)
        )

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        asked = self._inner.stream(messages, max_tokens=self._most(max_tokens), options=self._with(options))
        async with closing(asked) as found:
            async for piece in found:
                yield piece

    def _most(self, asked: int) -> int:
        most = self._defaults.max_tokens
        return asked if most is None else min(asked, most)

    def _with(self, options: Options) -> Options:
        own = self._defaults
        return replace(
            options,
            num_ctx=own.num_ctx if options.num_ctx is None else options.num_ctx,
            temperature=own.temperature if options.temperature is None else options.temperature,
        )
