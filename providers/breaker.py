"""A circuit breaker: an endpoint that fails again and again is left alone, and asked once in a while.

    closed     calls go through; so many failures in a row within a window open it
    open       calls are refused at once, at no cost, until a time
    half_open  one call goes through as a probe: its end closes or opens it again

What a caller did wrong says nothing about the endpoint, a model that answers
badly on purpose neither: only what makes asking pointless counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from contracts.clock import Clock
from contracts.errors import CallsheetError, Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Piece, StreamingProvider
from providers.pieces import closing

State = Literal["closed", "open", "half_open"]
FAILURES: Final = frozenset(
    {
        "provider.unreachable",
        "provider.timeout",
        "provider.rate_limited",
        "provider.cut_off",
        "provider.bad_reply",
        "provider.too_large",
        "model.died",
        "model.cannot_start",
    }
)


@dataclass(frozen=True, slots=True)
class Trip:
    """When a breaker opens, and for how long."""

    failures: int = 5
    """In a row."""
    window_s: float = 60.0
    open_s: float = 15.0


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What a breaker says of its endpoint."""

    state: State
    failures: int
    """In a row, within the window."""
    retry_after_s: float = 0.0
    """Until a probe may go through, where it is open."""


class Breaker:
    """Counts what comes of calls to one endpoint.

    Args:
        clock: For the window and the wait.
        trip: When it opens; five failures within a minute when absent.
    """

    def __init__(self, clock: Clock, trip: Trip | None = None) -> None:
        self._clock = clock
        self._trip = trip = trip or Trip()
        self._failed_at: deque[float] = deque(maxlen=trip.failures)
        self._opened_at: float | None = None
        self._has_probe = False

    def state(self) -> BreakerState:
        """Return where it stands now."""
        now = self._clock.monotonic()
        recent = sum(at > now - self._trip.window_s for at in self._failed_at)
        if self._opened_at is None:
            return BreakerState("closed", recent)
        left = self._opened_at + self._trip.open_s - now
        return BreakerState("half_open", recent) if left <= 0 else BreakerState("open", recent, left)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold one call to the endpoint.

        Raises:
            Unavailable: `provider.breaker_open`, with when it tries again.
        """
        is_probe = self._enter()
        try:
            yield
        except CallsheetError as exc:
            if is_failure(exc):
                self._failed(is_probe=is_probe)
            else:
                self._answered()
            raise
        except BaseException:
            # A call that was given up says nothing; the next may be the probe.
            self._has_probe &= not is_probe
            raise
        self._answered()

    def _enter(self) -> bool:
        found = self.state()
        if found.state == "closed":
            return False
        if found.state == "open" or self._has_probe:
            raise _left_alone(found)
        self._has_probe = True
        return True

    def _answered(self) -> None:
        self._failed_at.clear()
        self._opened_at, self._has_probe = None, False

    def _failed(self, *, is_probe: bool) -> None:
        now = self._clock.monotonic()
        self._failed_at.append(now)
        in_a_row = sum(at > now - self._trip.window_s for at in self._failed_at)
        if is_probe or (self._opened_at is None and in_a_row >= self._trip.failures):
            self._opened_at = now
            self._has_probe &= not is_probe


class Guarded:
    """A model behind its endpoint's breaker.

    Args:
        inner: The model.
        breaker: The endpoint's; models of one endpoint share it.
    """

    def __init__(self, inner: StreamingProvider, breaker: Breaker) -> None:
        self._inner = inner
        self._breaker = breaker

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        with self._breaker.call():
            return await self._inner.complete(messages, max_tokens=max_tokens, options=options)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        with self._breaker.call():
            async with closing(self._inner.stream(messages, max_tokens=max_tokens, options=options)) as found:
                async for piece in found:
                    yield piece


def is_failure(error: CallsheetError) -> bool:
    """Say whether an error tells against the endpoint, not against what was asked of it."""
    if error.code == "provider.http_status":
        return error.retryable
    return error.code in FAILURES


def _left_alone(found: BreakerState) -> Unavailable:
    when = f"in {found.retry_after_s:.1f} seconds" if found.retry_after_s else "when its probe has ended"
    return Unavailable(
        "provider.breaker_open",
        f"the model's endpoint failed {found.failures} times in a row and is left alone; it is asked again {when}",
        hint="Wait, look at it with callsheet models ping, or name another model in model.then.",
        data={"retry_after_s": round(found.retry_after_s, 3), "failures": found.failures},
    )
