"""A model that does in each call what a test says: texts to write, seconds to wait, errors to raise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from typing_extensions import override

from contracts.errors import AttemptFailed, Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Piece, Usage
from providers.collecting import cut_off
from providers.streamed import Streamed

ASK = (Message("user", "hello"),)
Act = str | float | Exception
"""A piece, a wait in seconds, or an end in failure."""
FOR_EVER = 1e9


class ScriptedModel(Streamed):
    """Takes one script a call, the last again and again.

    Args:
        scripts: What it does.
        name: Its own.
        usage: What it counts.
        refusals: How often a wait goes on when it is told to stop.
    """

    def __init__(
        self,
        *scripts: Sequence[Act],
        name: str = "scripted",
        usage: Usage | None = None,
        refusals: int = 0,
    ) -> None:
        self._scripts = scripts or (("hi",),)
        self._name = name
        self._usage = usage or Usage(1000, 200, 400)
        self._refusals = refusals
        self.calls: list[tuple[int, Options]] = []
        self.closed = 0
        """Calls that have ended, one way or the other."""

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        script = self._scripts[min(len(self.calls), len(self._scripts) - 1)]
        self.calls.append((max_tokens, options))
        text = ""
        try:
            for act in script:
                if isinstance(act, Exception):
                    raise act
                if isinstance(act, str):
                    text += act
                    yield Piece(act)
                else:
                    await self._wait(act)
            yield Piece(end=Completion(text, "stop", self._usage, self._name))
        finally:
            self.closed += 1

    async def _wait(self, seconds: float) -> None:
        while True:
            try:
                return await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                if self._refusals == 0:
                    raise
                self._refusals -= 1


def status(code: int, **facts: object) -> Unavailable:
    """Return an endpoint's error."""
    name = "provider.rate_limited" if code == 429 else "provider.http_status"
    error = Unavailable(name, f"answered {code}", data={"status": code, **facts})
    error.retryable = code in {408, 429} or code >= 500
    return error


def reset() -> Unavailable:
    return Unavailable("provider.unreachable", "connection reset")


def garbage() -> AttemptFailed:
    return AttemptFailed("provider.bad_reply", "no completion")


def broken_off() -> AttemptFailed:
    return cut_off(3)
