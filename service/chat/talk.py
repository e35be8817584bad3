"""One who answers a conversation: a configured model, one with agents, or the service itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from contracts.errors import AttemptFailed
from providers.chat import ChatProvider, Completion, Message, Options, Piece


class Talk(Protocol):
    """Answers one conversation, once."""

    @property
    def facts(self) -> dict[str, Any]:
        """What is told beside the answer: `runs`, the ids of the runs it took; empty where there is nothing."""
        ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        """Yield the answer as it comes, the last piece with the whole."""
        ...

    async def abandon(self) -> None:
        """Stop what was begun for an answer that nobody waits for any more."""
        ...


async def pieces_of(
    provider: ChatProvider, messages: Sequence[Message], *, max_tokens: int, options: Options
) -> AsyncIterator[Piece]:
    """Yield a model's pieces; of one that cannot be read while it writes, all in one.

    Raises:
        CallsheetError: As the model does; `provider.cut_off`, it ended without its end.
    """
    stream = getattr(provider, "stream", None)
    if stream is None:
        found = await provider.complete(messages, max_tokens=max_tokens, options=options)
        yield Piece(found.text, found)
        return
    end: Completion | None = None
    pieces: AsyncIterator[Piece] = stream(messages, max_tokens=max_tokens, options=options)
    async for piece in pieces:
        end = piece.end or end
        yield piece
    if end is None:
        raise AttemptFailed("provider.cut_off", "the model's answer broke off", retryable=True)
