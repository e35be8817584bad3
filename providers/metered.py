"""What each call of a model came to, told to whoever counts: numbers, a name from the settings, a code of ours.

Nothing a prompt, a reply or an endpoint said is told, so none of it can get
into a metric, whoever keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.clock import Clock
from contracts.errors import CallsheetError
from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider, Timings, Usage
from providers.pieces import closing

OK: Final = "ok"
LEFT: Final = "left"
"""Whoever asked went away before the end."""
DEFECT: Final = "internal.error"
CUT: Final = "provider.truncated"
"""How `complete` refuses a reply that ran into its limit; a stream hands it on, and it is told alike."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, ended."""

    model: str
    """As the settings call it."""
    outcome: str
    """`ok`, `left`, or the code of an error."""
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    usd: float | None = None
    tries: int = 1


Observe = Callable[[ModelCall], None]
"""Told of each call when it has ended; must not block or raise."""


class Metered:
    """A model whose calls are told.

    Args:
        inner: The model.
        name: As the settings call it.
        observe: Told of each call.
        clock: For calls that say no time of their own.
    """

    def __init__(self, inner: StreamingProvider, *, name: str, observe: Observe, clock: Clock) -> None:
        self._inner = inner
        self._name = name
        self._observe = observe
        self._clock = clock

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        began = self._clock.monotonic()
        try:
            found = await self._inner.complete(messages, max_tokens=max_tokens, options=options)
        except BaseException as exc:
            self._failed(exc, began)
            raise
        self._answered(found, OK)
        return found

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        began = self._clock.monotonic()
        end: Completion | None = None
        try:
            async with closing(self._inner.stream(messages, max_tokens=max_tokens, options=options)) as found:
                async for piece in found:
                    end = piece.end or end
                    yield piece
        except BaseException as exc:
            if end is None:  # else it had come whole, and only whoever read it stopped there
                self._failed(exc, began)
            else:
                self._answered(end, _outcome_of(end))
            raise
        if end is not None:
            self._answered(end, _outcome_of(end))

    def _answered(self, found: Completion, outcome: str) -> None:
        self._observe(
            ModelCall(self._name, outcome, found.usage, found.timings, usd=found.usd, tries=found.tries)
        )

    def _failed(self, error: BaseException, began: float) -> None:
        took = Timings(total_ms=(self._clock.monotonic() - began) * 1000)
        self._observe(ModelCall(self._name, _code_of(error), timings=took))


def _outcome_of(end: Completion) -> str:
    return CUT if end.finish_reason == "length" else OK


def _code_of(error: BaseException) -> str:
    if isinstance(error, CallsheetError):
        return error.code
    return LEFT if isinstance(error, asyncio.CancelledError | GeneratorExit) else DEFECT
