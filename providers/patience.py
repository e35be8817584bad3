"""One deadline for a whole call, however many tries it takes.

What may pass is tried again after a growing, jittered wait: too many requests,
a server's own error, a broken connection, silence before the first piece; a
reply that cannot be read, once. An endpoint that asks for a wait gets it; a
wait beyond the deadline is told at once. Once a piece was handed on nothing is
tried again: whoever reads would hear the beginning twice.

No retry library: waits come from the house's clock and chance, so that tests
neither sleep nor patch, and none of them knows of one deadline over streams.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.clock import Clock
from contracts.errors import CallsheetError, Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider
from providers.collecting import collected
from providers.pieces import Bounds, bounded, closing
from providers.retry_after import asked_wait_s

ONCE: Final = frozenset({"provider.bad_reply"})
"""Tried again once: a server that writes garbage twice goes on with it."""
PASSING: Final = frozenset(
    {
        "provider.unreachable",
        "provider.http_status",
        "provider.rate_limited",
        "provider.timeout",
        "provider.cut_off",
        "model.died",
    }
)
"""Where the error itself does not say that the same would come again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a call may take and how often it is tried."""

    timeout_s: float = 120.0
    """For all of it; a caller's own goes before it."""
    first_piece_timeout_s: float = 60.0
    """For one try to say anything."""
    retries: int = 2
    base_s: float = 0.5
    ceiling_s: float = 8.0
    """The most one wait is by our own reckoning; an endpoint may ask for more."""


class Patient:
    """A model whose calls are bounded in time and tried again where that may help.

    Args:
        inner: The model.
        terms: For how long, how often.
        clock: For deadlines and waits.
        rng: For the jitter.
        ready: Awaited before a call's time begins: what asking takes that is none of the endpoint's doing.
    """

    def __init__(
        self,
        inner: StreamingProvider,
        terms: Terms,
        *,
        clock: Clock,
        rng: random.Random,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._inner = inner
        self._ready = ready
        self._terms = terms
        self._clock = clock
        self._rng = rng

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        call = await self._call(options)
        while True:
            try:
                pieces = call.one_try(self._inner.stream(messages, max_tokens=max_tokens, options=options))
                return replace(await collected(pieces), tries=call.tries)
            except CallsheetError as exc:
                await call.go_on_after(exc)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        call = await self._call(options)
        has_begun = False
        while True:
            pieces = call.one_try(self._inner.stream(messages, max_tokens=max_tokens, options=options))
            try:
                async with closing(pieces) as coming:
                    async for piece in coming:
                        has_begun = True
                        yield _counted(piece, call.tries)
            except CallsheetError as exc:
                if has_begun:
                    raise
                await call.go_on_after(exc)
            else:
                return

    async def _call(self, options: Options) -> _Call:
        if self._ready is not None:
            await self._ready()
        timeout_s = self._terms.timeout_s if options.timeout_s is None else options.timeout_s
        return _Call(self._terms, self._clock, self._rng, self._clock.monotonic() + timeout_s)


@dataclass(slots=True)
class _Call:
    """The tries of one call."""

    terms: Terms
    clock: Clock
    rng: random.Random
    until: float
    tries: int = 0

    def one_try(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        self.tries += 1
        return bounded(pieces, Bounds(self.terms.first_piece_timeout_s, self._left_s()), clock=self.clock)

    async def go_on_after(self, error: CallsheetError) -> None:
        """Return when it is time for the next try; raise the failure when there is none."""
        passes = error.retryable and error.code in PASSING
        asked_s = asked_wait_s(error, now=self.clock.now()) if passes else None
        if not (self.tries == 1 if error.code in ONCE else passes) or self.tries > self.terms.retries:
            raise self._last(error, asked_s) from error.__cause__
        wait_s = self._own_wait_s() if asked_s is None else asked_s + self.rng.uniform(0.0, self.terms.base_s)
        if wait_s >= self._left_s():
            raise self._last(error, asked_s) from error.__cause__
        await self.clock.sleep(wait_s)

    def _own_wait_s(self) -> float:
        """Full jitter; source: Brooker 2015, "Exponential Backoff And Jitter"."""
        return self.rng.uniform(0.0, min(self.terms.ceiling_s, self.terms.base_s * 2.0 ** (self.tries - 1)))

    def _left_s(self) -> float:
        return max(0.0, self.until - self.clock.monotonic())

    def _last(self, error: CallsheetError, asked_s: float | None) -> CallsheetError:
        error.data["tries"] = self.tries
        if asked_s is None and error.data.get("status") != 429:
            return error
        return rate_limited(error, asked_s)


def rate_limited(error: CallsheetError, asked_s: float | None) -> CallsheetError:
    """Return the error of an endpoint that wants to be left alone, for as long as it says."""
    facts = {k: v for k, v in error.data.items() if k in {"status", "tries"}}
    when = "in a while" if asked_s is None else f"in {asked_s:.0f} seconds"
    return Unavailable(
        "provider.rate_limited",
        f"the model's endpoint takes no more requests now; it may {when}",
        hint=f"Ask again {when}, ask less often, or name another model in model.then.",
        data=facts if asked_s is None else facts | {"retry_after_s": asked_s},
    )


def _counted(piece: Piece, tries: int) -> Piece:
    return piece if piece.end is None else Piece(piece.text, replace(piece.end, tries=tries))
