"""A stream put together: what was written, which tools were asked for, when it began, how it ended.

Every adapter tells its pieces to one `Collector`, and every whole completion is
a stream collected here. So what counts as cut off, as too large or as an end
is judged in one place, whatever an endpoint speaks.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.clock import Clock
from contracts.errors import AttemptFailed
from providers.chat import Completion, Form, Piece, Timings, ToolCall, Usage
from providers.halves import Halves, joined

MAX_TEXT: Final = 1024 * 1024
"""Characters of one reply, its tools' arguments included."""
MAX_CALLS: Final = 64
MAX_NAME: Final = 200
_WORD: Final = re.compile(r"[a-z_]{1,40}")
_REASONS: Final = {
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "safety": "content_filter",
}


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Collector:
    """One completion as it comes.

    Args:
        clock: For the time to the first piece; it runs from now.
        model: What is asked, where the endpoint does not say what answers.
        form: How the reply is held to its shape.
    """

    def __init__(self, clock: Clock, *, model: str, form: Form) -> None:
        self._clock = clock
        self._form = form
        self._begun = clock.monotonic()
        self._first: float | None = None
        self._last: float | None = None
        self._text: list[str] = []
        self._halves = Halves()
        self._calls: dict[int, _Call] = {}
        self._chars = 0
        self._pieces = 0
        self._reason = ""
        self._model = model
        self.is_open = False
        """Whether the endpoint has begun to answer."""
        self.usage = Usage()
        self.timings = Timings()
        """What the endpoint says of its own work."""

    @property
    def calls(self) -> int:
        """Return how many tool calls came so far."""
        return len(self._calls)

    @property
    def chars(self) -> int:
        """Return how many characters came so far."""
        return self._chars

    @property
    def is_finished(self) -> bool:
        """Say whether the endpoint has said how the completion ended."""
        return bool(self._reason)

    def text(self, text: str) -> Piece:
        """Take a piece of the reply, and return it.

        Raises:
            AttemptFailed: `provider.too_large`.
        """
        self._count(text)
        text = self._halves.text(text)
        self._text.append(text)
        return Piece(text)

    def thought(self, text: str) -> None:
        """Take note that the model is thinking aloud: nobody reads it, but its first word is the first.

        Raises:
            AttemptFailed: `provider.too_large`.
        """
        self._count(text)

    def call(self, index: int, *, id: str = "", name: str = "", arguments: str = "") -> None:  # noqa: A002  # the protocol's word
        """Take a part of a tool call.

        Raises:
            AttemptFailed: `provider.too_large`.
        """
        found = self._calls.get(index)
        if found is not None and id and found.id and id != found.id:  # a server that counts no further than 0
            index = max(self._calls) + 1
            found = None
        if found is None:
            if len(self._calls) >= MAX_CALLS:
                raise _too_large(f"more than {MAX_CALLS} tool calls")
            found = self._calls[index] = _Call()
        found.id, found.name = found.id or id[:MAX_NAME], found.name or name[:MAX_NAME]
        self._count(arguments or " ")
        found.arguments.append(arguments)

    def said_model(self, name: object) -> None:
        """Take note of what the endpoint calls the model that answers."""
        if isinstance(name, str) and name:
            self._model = name[:MAX_NAME]

    def finished(self, reason: str) -> None:
        """Take note of how the completion ended, in any endpoint's word."""
        word = reason.strip().lower()
        if word:
            self._reason = _REASONS.get(word, word) if _WORD.fullmatch(word) else "unknown"

    def end(self) -> Piece:
        """Return the last piece.

        Raises:
            AttemptFailed: `provider.cut_off`, no end was told.
        """
        if not self._reason:
            raise cut_off(self._chars)
        calls = tuple(
            ToolCall(c.id or f"call_{i}", c.name, joined("".join(c.arguments)) or "{}")
            for i, (_, c) in enumerate(sorted(self._calls.items()))
        )
        reason = "tool_calls" if calls and self._reason == "stop" else self._reason
        return Piece(
            end=Completion(
                "".join(self._text),
                reason,
                self.usage,
                self._model,
                tool_calls=calls,
                timings=self._measured(),
                form=self._form,
            )
        )

    def _count(self, text: str) -> None:
        if text:
            self._pieces += 1
            self._last = self._clock.monotonic()
            self._first = self._last if self._first is None else self._first
        self._chars += len(text)
        if self._chars > MAX_TEXT:
            raise _too_large(f"more than {MAX_TEXT} characters")

    def _measured(self) -> Timings:
        own, first, last = self.timings, self._first, self._last
        ttft_ms = None if first is None else (first - self._begun) * 1000
        writing_ms = None if first is None or last is None or last <= first else (last - first) * 1000
        eval_ms = writing_ms if own.eval_duration_ms is None else own.eval_duration_ms
        # An endpoint that counts nothing writes about a token a piece.
        tokens = own.tokens_generated or self.usage.completion_tokens or self._pieces or None
        speed = own.throughput_tok_s
        if speed is None and tokens and eval_ms:
            speed = tokens / eval_ms * 1000
        reading = own.prompt_eval_duration_ms
        return replace(
            own,
            total_ms=(self._clock.monotonic() - self._begun) * 1000,
            ttft_ms=ttft_ms,
            prompt_eval_duration_ms=ttft_ms if reading is None else reading,
            eval_duration_ms=eval_ms,
            throughput_tok_s=speed,
            tokens_generated=tokens,
        )


async def collected(pieces: AsyncIterator[Piece]) -> Completion:
    """Return the completion that a stream makes, and close the stream whatever happens.

    Raises:
        AttemptFailed: `provider.truncated`, it ran into its limit; `provider.refused`, its
            endpoint would not answer; `provider.bad_reply`, it has neither text nor tool
            calls; `provider.cut_off`, it has no end.
    """
    whole: Completion | None = None
    try:
        async for piece in pieces:
            whole = piece.end or whole
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    if whole is None:
        raise cut_off(0)
    return judged(whole)


def judged(whole: Completion) -> Completion:
    """Return a completion that can be used; raises as `collected`."""
    if whole.finish_reason == "length":
        raise AttemptFailed(
            "provider.truncated",
            f"the model's reply was cut off at its token limit, after {len(whole.text)} characters",
            hint="Ask for less, or raise the model's limit.",
        )
    if whole.finish_reason == "content_filter":
        raise AttemptFailed(
            "provider.refused",
            "the model's endpoint would not answer this",
            hint="Say it in other words, or name another model.",
        )
    if not whole.text and not whole.tool_calls:
        raise AttemptFailed(
            "provider.bad_reply",
            f"the model gave no text, and ended with {whole.finish_reason!r}",
            hint="A model that thinks aloud may need more tokens, or its thinking turned off.",
        )
    return whole


def cut_off(chars: int) -> AttemptFailed:
    """Return the error for a stream that ends in the middle."""
    return AttemptFailed(
        "provider.cut_off",
        f"the model's reply stopped after {chars} characters, without an end",
        retryable=True,
        hint="Ask again; where it stays so, see whether the endpoint stops one reply when another is asked for.",
        data={"chars": chars},
    )


def _too_large(what: str) -> AttemptFailed:
    return AttemptFailed(
        "provider.too_large", f"the model's reply has {what}", hint="Set a lower limit of tokens."
    )
