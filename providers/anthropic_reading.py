"""Reads the events of Anthropic's messages API, each by itself."""

from __future__ import annotations

import json
from typing import Any

from providers.chat import Piece, Usage
from providers.collecting import Collector
from providers.openai_reading import no_completion
from providers.reading import count_of, field_of


class MessageReader:
    """Takes the events of one message.

    Args:
        found: What it makes.
        is_held: Whether the reply is the arguments of a tool that had to be called.
    """

    def __init__(self, found: Collector, *, is_held: bool) -> None:
        self._found = found
        self._is_held = is_held
        self._beside: list[str] = []  # text beside the tool: the reply when no tool was called after all
        self._has_tool = False
        self.has_ended = False

    def read(self, event: object) -> Piece | None:
        """Take an event; return what is to be read of it.

        Raises:
            AttemptFailed: `provider.bad_reply`, `provider.too_large`.
        """
        kind = field_of(event, "type")
        if kind == "message_start":
            self._start(field_of(event, "message"))
        elif kind == "content_block_start":
            return self._block(field_of(event, "index"), field_of(event, "content_block"))
        elif kind == "content_block_delta":
            return self._delta(field_of(event, "index"), field_of(event, "delta"))
        elif kind == "message_delta":
            self._count(field_of(event, "usage"))
            if isinstance(reason := field_of(field_of(event, "delta"), "stop_reason"), str):
                self._found.finished(
                    "stop" if self._has_tool and self._is_held and reason == "tool_use" else reason
                )
        elif kind == "message_stop":
            self.has_ended = True
        elif not isinstance(kind, str):
            raise no_completion("an event has no type")
        return None

    def late(self) -> Piece | None:
        """Return the text that was held back for a tool that was not called."""
        held = "".join(self._beside)
        return self._found.text(held) if held and not self._has_tool else None

    def _start(self, message: object) -> None:
        self._found.said_model(field_of(message, "model"))
        self._count(field_of(message, "usage"))

    def _block(self, index: Any, block: object) -> Piece | None:
        kind = field_of(block, "type")
        if kind == "tool_use":
            self._has_tool = True
            said = field_of(block, "input")  # some servers give all of it at once
            arguments = json.dumps(said, ensure_ascii=False) if isinstance(said, dict) and said else ""
            if self._is_held:
                return self._found.text(arguments) if arguments else None
            name, called = _text(block, "name"), _text(block, "id")
            self._found.call(_place(index), id=called, name=name, arguments=arguments)
            return None
        return self._text(_text(block, "text"))

    def _delta(self, index: Any, delta: object) -> Piece | None:
        part = _text(delta, "partial_json")
        if part and self._is_held:
            return self._found.text(part)
        if part:
            self._found.call(_place(index), arguments=part)
        self._found.thought(_text(delta, "thinking"))
        return self._text(_text(delta, "text"))

    def _text(self, text: str) -> Piece | None:
        if not text:
            return None
        if self._is_held:
            self._found.thought(text)  # counted, so that nothing is held back without a bound
            self._beside.append(text)
            return None
        return self._found.text(text)

    def _count(self, usage: object) -> None:
        if usage is None:
            return
        cached = count_of(field_of(usage, "cache_read_input_tokens"))
        read = count_of(field_of(usage, "input_tokens")) + cached
        read += count_of(field_of(usage, "cache_creation_input_tokens"))
        old = self._found.usage
        self._found.usage = Usage(
            max(read, old.prompt_tokens),
            max(count_of(field_of(usage, "output_tokens")), old.completion_tokens),
            max(cached, old.cached_tokens),
        )


def _text(thing: object, name: str) -> str:
    found = field_of(thing, name)
    return found if isinstance(found, str) else ""


def _place(index: Any) -> int:
    return index if type(index) is int and 0 <= index < 10_000 else 0
