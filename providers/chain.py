"""A fallback chain: the next model answers where one cannot.

What was tried before the answer stands in it, or in the last failure: a model
that is passed over for a wrong key is not passed over in silence. A model that
declines, or that runs into its token limit, has answered: no other is asked
instead of it. Nor is one after a piece was handed on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from contracts.clock import Clock
from contracts.errors import CallsheetError, Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider
from providers.pieces import closing

if TYPE_CHECKING:
    from pydantic import JsonValue

PASSED_OVER: Final = frozenset(
    {"provider.bad_reply", "provider.cut_off", "provider.too_large", "provider.unsupported"}
)
"""Beside whatever is `Unavailable`."""


@dataclass(frozen=True, slots=True)
class Link:
    """One model of a chain."""

    name: str
    """As the settings call it."""
    provider: StreamingProvider


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A model that was asked and did not answer."""

    name: str
    error: CallsheetError
    after: str
    """The one that is asked instead."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return what may be shown of it."""
        return {"model": self.name, "code": self.error.code, "message": self.error.message[:300]}


OnPassedOver = Callable[[PassedOver], None]
"""Told of each model that is passed over; must not block or raise."""


class Chain:
    """Models that answer for each other.

    Args:
        links: Read for each call: at least one, the first choice first.
        clock: For the time that is left.
        on_passed_over: Told when the next is asked.
    """

    def __init__(
        self, links: Callable[[], Sequence[Link]], *, clock: Clock, on_passed_over: OnPassedOver | None = None
    ) -> None:
        self._links = links
        self._clock = clock
        self._on_passed_over = on_passed_over

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the next turn of the first model that has one; see `ChatProvider`."""
        asking = _Asking(self._links(), options, self._clock, self._on_passed_over)
        while True:
            provider, asked = asking.next()
            try:
                found = await provider.complete(messages, max_tokens=max_tokens, options=asked)
            except CallsheetError as exc:
                asking.go_on_after(exc)
            else:
                return asking.told(found)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the first model that has any; see `StreamingProvider`."""
        asking = _Asking(self._links(), options, self._clock, self._on_passed_over)
        has_begun = False
        while True:
            provider, asked = asking.next()
            try:
                async with closing(provider.stream(messages, max_tokens=max_tokens, options=asked)) as found:
                    async for piece in found:
                        has_begun = True
                        yield piece if piece.end is None else Piece(piece.text, asking.told(piece.end))
            except CallsheetError as exc:
                if has_begun:
                    raise
                asking.go_on_after(exc)
            else:
                return


class _Asking:
    """One call's way along the chain."""

    def __init__(
        self, links: Sequence[Link], options: Options, clock: Clock, on_passed_over: OnPassedOver | None
    ) -> None:
        self._links = links
        self._options = options
        self._clock = clock
        self._on_passed_over = on_passed_over
        self._until = None if options.timeout_s is None else clock.monotonic() + options.timeout_s
        self._tried: list[PassedOver] = []

    def next(self) -> tuple[StreamingProvider, Options]:
        """Return whom to ask, and with what time."""
        link = self._links[len(self._tried)]
        if self._until is None:
            return link.provider, self._options
        # A first model that hangs must leave the others their share of the caller's time.
        share_s = max(0.0, self._until - self._clock.monotonic()) / (len(self._links) - len(self._tried))
        return link.provider, replace(self._options, timeout_s=share_s)

    def go_on_after(self, error: CallsheetError) -> None:
        """Return when there is another to ask; raise the failure where there is none."""
        here = len(self._tried)
        is_passed_over = isinstance(error, Unavailable) or error.code in PASSED_OVER
        if not is_passed_over or here + 1 == len(self._links):
            if self._tried:
                error.data["tried"] = [tried.as_json() for tried in self._tried]
            raise error
        found = PassedOver(self._links[here].name, error, self._links[here + 1].name)
        self._tried.append(found)
        if self._on_passed_over is not None:
            self._on_passed_over(found)

    def told(self, found: Completion) -> Completion:
        """Return a completion with what was tried before it."""
        return replace(found, tried=tuple(tried.as_json() for tried in self._tried)) if self._tried else found
