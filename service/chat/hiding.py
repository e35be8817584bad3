"""Configured secrets taken out of what is said, also where one comes in several pieces.

An endpoint knows the key it is asked with, and may say it; who asks the
service need not know it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from providers.chat import Completion, Piece, ToolCall
from providers.pieces import closing
from traces.cleaning import MIN_SECRET_CHARS, Cleaner


class Hiding:
    """Takes secrets out of pieces on their way.

    Args:
        secrets: Every value that must not be shown; those of fewer than 8 characters are none.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= MIN_SECRET_CHARS)
        self._cleaner = Cleaner(self._secrets, finds="told")

    def pieces(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        """Yield pieces without secrets; what may be the beginning of one is held back until it is clear."""
        return self._hidden(pieces) if self._secrets else pieces

    async def _hidden(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        held = ""
        async with closing(pieces) as coming:
            async for piece in coming:
                held = self._cleaner.text(held + piece.text)
                end = self._end(piece.end) if piece.end is not None else None
                at = len(held) - (self._begun(held) if end is None else 0)
                if held[:at] or end is not None:
                    yield Piece(held[:at], end)
                held = held[at:]

    def _begun(self, text: str) -> int:
        """Return how many characters at the end of a text may be the beginning of a secret."""
        found = 0
        for secret in self._secrets:
            most = min(len(secret) - 1, len(text))
            found = max(found, next((n for n in range(most, 0, -1) if text.endswith(secret[:n])), 0))
        return found

    def _end(self, end: Completion) -> Completion:
        clean = self._cleaner.text
        calls = tuple(ToolCall(clean(c.id), clean(c.name), clean(c.arguments)) for c in end.tool_calls)
        return replace(end, text=clean(end.text), tool_calls=calls)
