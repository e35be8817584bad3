"""A model, handed through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from providers.chat import Message, Options, Piece
from service.chat.forced import Forcing, Named


class PlainTalk:
    """Answers a conversation with a model alone.

    Args:
        model: Who answers.
        forcing: Asks it.
    """

    def __init__(self, model: Named, forcing: Forcing) -> None:
        self._model = model
        self._forcing = forcing

    @property
    def facts(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        """Yield what the model writes; raises as it does."""
        return self._forcing.pieces(self._model, messages, max_tokens=max_tokens, options=options)

    async def abandon(self) -> None:
        """Nothing was begun that is not stopped with the reading."""
