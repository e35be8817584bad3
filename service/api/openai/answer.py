"""A chat completion as OpenAI spells it: whole, or as the chunks of a stream.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from providers.chat import Completion, ToolCall, Usage

DONE: Final = b"data: [DONE]\n\n"
_REASONS: Final = frozenset({"stop", "length", "tool_calls", "content_filter"})
"""Typed clients refuse any other."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What every chunk of one answer has in common."""

    id: str
    created: int
    """Unix seconds."""
    model: str
    tells_usage: bool = False

    def whole(
        self, completion: Completion, calls: Sequence[ToolCall], facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a completion."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": completion.text if completion.text or not calls else None,
            "refusal": None,
        }
        if calls:
            message["tool_calls"] = [_call(call) for call in calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(completion)}
        found = {**self._head("chat.completion"), "choices": [choice], "usage": _usage(completion.usage)}
        return found | _facts(facts)

    def opening(self) -> bytes:
        """Return the chunk that says who speaks."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def text(self, text: str) -> bytes:
        """Return a chunk of text."""
        return self._chunk({"content": text})

    def calls(self, calls: Sequence[ToolCall]) -> bytes:
        """Return the chunk that has the tool calls, whole."""
        return self._chunk({"tool_calls": [{"index": n, **_call(call)} for n, call in enumerate(calls)]})

    def ending(self, completion: Completion, facts: Mapping[str, Any]) -> bytes:
        """Return the last chunks: why it ended, and what it used where that was asked for."""
        end = self._chunk({}, finish_reason=_reason(completion), more=_facts(facts))
        if not self.tells_usage:
            return end + DONE
        used = {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(completion.usage)}
        return end + _event(used) + DONE

    def _chunk(
        self,
        delta: dict[str, Any],
        *,
        finish_reason: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        found = {**self._head("chat.completion.chunk"), "choices": [choice], **(more or {})}
        return _event(found | ({"usage": None} if self.tells_usage else {}))

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": None,
        }


def error_event(error: Mapping[str, Any]) -> bytes:
    """Return the event that ends a stream which could not go on; nothing stands behind it."""
    return _event(error)


def _event(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return b"data: " + text.encode("utf-8", "replace") + b"\n\n"


def _reason(completion: Completion) -> str:
    return completion.finish_reason if completion.finish_reason in _REASONS else "stop"


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"callsheet": dict(facts)} if facts else {}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
