"""What every model that is read while it writes has in common: its completion is its stream, collected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from pydantic import SecretStr
from typing_extensions import override

from contracts.clock import Clock, SystemClock
from egress.fetch_door import SdkDoor
from providers.chat import PLAIN, Completion, Message, Options, Piece
from providers.collecting import collected
from providers.way import TIMEOUT_S, Way
from providers.written_calls import with_written_calls


class Streamed(ABC):
    """A model whose `complete` is its `stream`, so that both are judged in one place."""

    @abstractmethod
    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn; see `ChatProvider`. Raises as `stream`."""
        return await collected(self.stream(messages, max_tokens=max_tokens, options=options))


class AtEndpoint(Streamed):
    """A model behind a URL, asked through an SDK.

    Args:
        door: The way out.
        url: Of the endpoint.
        model: Its name there.
        api_key: Sent as the endpoint's kind asks for it.
        timeout_s: For one completion; a caller may ask for less.
        clock: For durations.

    Raises:
        InvalidInput: `provider.bad_url`, `provider.bad_key`.
    """

    def __init__(
        self,
        door: SdkDoor,
        *,
        url: str,
        model: str,
        api_key: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
    ) -> None:
        self.model = model
        self._way = Way.to(door, url, timeout_s=timeout_s, api_key=api_key)
        self._clock = clock or SystemClock()

    @property
    def url(self) -> str:
        """Return where it is."""
        return self._way.url


class MayWriteCalls(AtEndpoint):
    """One that may write a tool's call as text, where its server does not read it: see `with_written_calls`."""

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        written = self._stream(messages, max_tokens=max_tokens, options=options)
        async with aclosing(with_written_calls(written, options)) as pieces:
            async for piece in pieces:
                yield piece

    @abstractmethod
    def _stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        """Yield the pieces as the server gives them."""
