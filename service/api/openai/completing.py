"""One chat completion, said in OpenAI's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from contracts.errors import CallsheetError
from providers.chat import Completion, Piece, ToolCall
from providers.pieces import closing
from service.api.openai.answer import Spelling, error_event
from service.api.openai.problems import problem_body
from service.api.openai.request import Wanted
from service.api.speaking import Put, collected
from service.chat.hiding import Hiding
from service.chat.offered import Ready


class Completing:
    """Says one answer.

    Args:
        wanted: What was asked.
        ready: Who answers.
        spelling: What every part of it has in common.
        hiding: Takes configured secrets out of it.
    """

    media_type: Final = "text/event-stream; charset=utf-8"
    ping: Final = b": ping\n\n"

    def __init__(self, wanted: Wanted, ready: Ready, spelling: Spelling, *, hiding: Hiding) -> None:
        self._wanted = wanted
        self._ready = ready
        self._hiding = hiding
        self._spelling = spelling
        self.talk = ready.talk
        self.is_stream = wanted.is_stream

    async def whole(self) -> dict[str, Any]:
        """Return the completion."""
        end = await collected(self._pieces())
        return self._spelling.whole(end, self._calls(end), self.talk.facts)

    async def spoken(self, put: Put) -> None:
        """Give the completion's chunks; the first once there is something to say."""
        has_begun, said = False, False
        async with closing(self._pieces()) as pieces:
            async for piece in pieces:
                if not has_begun:
                    await put(self._spelling.opening())
                    has_begun = True
                text = piece.text or (piece.end.text if piece.end is not None and not said else "")
                if text:
                    said = True
                    await put(self._spelling.text(text))
                if piece.end is not None:
                    await self._end(put, piece.end)

    def broken(self, error: CallsheetError) -> bytes:
        """Return the event that says what went wrong."""
        return error_event(problem_body(error))

    async def _end(self, put: Put, end: Completion) -> None:
        calls = self._calls(end)
        if calls:
            await put(self._spelling.calls(calls))
        await put(self._spelling.ending(end, self.talk.facts))

    def _calls(self, end: Completion) -> tuple[ToolCall, ...]:
        return end.tool_calls[: self._wanted.calls]

    def _pieces(self) -> AsyncIterator[Piece]:
        asked, ready = self._wanted.asked, self._ready
        said = ready.talk.stream(asked.messages, max_tokens=self._wanted.max_tokens, options=ready.options)
        return self._hiding.pieces(said)
