"""What a completion cost, by the operator's prices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider, Usage
from providers.pieces import closing


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    usd_per_mtok_in: float
    usd_per_mtok_out: float
    usd_per_mtok_cached: float | None = None
    """For tokens of the prompt the endpoint had read before; None: as any other."""

    def usd(self, usage: Usage) -> float:
        """Return what a completion with this usage costs."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        cached_price = self.usd_per_mtok_in if self.usd_per_mtok_cached is None else self.usd_per_mtok_cached
        paid = (
            (usage.prompt_tokens - cached) * self.usd_per_mtok_in
            + cached * cached_price
            + usage.completion_tokens * self.usd_per_mtok_out
        )
        return round(paid / 1_000_000, 9)


class Priced:
    """A model whose completions say what they cost."""

    def __init__(self, inner: StreamingProvider, prices: Prices) -> None:
        self._inner = inner
        self._prices = prices

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        found = await self._inner.complete(messages, max_tokens=max_tokens, options=options)
        return self._with_usd(found)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        async with closing(self._inner.stream(messages, max_tokens=max_tokens, options=options)) as found:
            async for piece in found:
                yield piece if piece.end is None else Piece(piece.text, self._with_usd(piece.end))

    def _with_usd(self, found: Completion) -> Completion:
        if not found.usage.prompt_tokens and not found.usage.completion_tokens:
            return found  # the endpoint did not count, so nobody knows
        return replace(found, usd=self._prices.usd(found.usage))
