"""One answer, said as Ollama's API says it: one JSON object, or one a line.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import parse_json
from providers.chat import Completion, Piece, Timings, ToolCall
from providers.pieces import closing
from service.api.ollama.request import Wanted
from service.api.openai.problems import problem_body
from service.api.speaking import Put, collected
from service.chat.hiding import Hiding
from service.chat.offered import Ready

_NS: Final = 1_000_000
"""In a millisecond."""


class Answering:
    """Says one answer.

    Args:
        wanted: What was asked.
        ready: Who answers.
        created_at: RFC 3339.
        hiding: Takes configured secrets out of it.
    """

    media_type: Final = "application/x-ndjson"
    ping: Final = b""

    def __init__(self, wanted: Wanted, ready: Ready, created_at: str, *, hiding: Hiding) -> None:
        self._wanted = wanted
        self._ready = ready
        self._hiding = hiding
        self._head = {"model": wanted.asked.model, "created_at": created_at}
        self.talk = ready.talk
        self.is_stream = wanted.is_stream

    async def whole(self) -> dict[str, Any]:
        """Return the answer."""
        end = await collected(self._pieces())
        return self._last(end, end.text, end.tool_calls)

    async def spoken(self, put: Put) -> None:
        """Give the answer line by line."""
        said = False
        async with closing(self._pieces()) as pieces:
            async for piece in pieces:
                text = piece.text or (piece.end.text if piece.end is not None and not said else "")
                if text:
                    said = True
                    await put(_line(self._part(text)))
                if piece.end is not None:
                    if piece.end.tool_calls:
                        await put(_line(self._part("", piece.end.tool_calls)))
                    await put(_line(self._last(piece.end, "", ())))

    def broken(self, error: CallsheetError) -> bytes:
        """Return the line that says what went wrong."""
        return _line(error_body(error))

    def _part(self, text: str, calls: tuple[ToolCall, ...] = ()) -> dict[str, Any]:
        return {**self._head, "message": _message(text, calls), "done": False}

    def _last(self, end: Completion, text: str, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
        reason = "stop" if end.finish_reason == "tool_calls" else end.finish_reason
        facts = self.talk.facts
        return {
            **self._head,
            "message": _message(text, calls),
            "done": True,
            "done_reason": reason,
            **_durations(end.timings),
            "prompt_eval_count": end.usage.prompt_tokens,
            "eval_count": end.usage.completion_tokens,
        } | ({"callsheet": facts} if facts else {})

    def _pieces(self) -> AsyncIterator[Piece]:
        asked, ready = self._wanted.asked, self._ready
        said = ready.talk.stream(asked.messages, max_tokens=self._wanted.max_tokens, options=ready.options)
        return self._hiding.pieces(said)


def error_body(error: CallsheetError) -> dict[str, Any]:
    """Return an error's JSON: its message, and our stable code."""
    found = problem_body(error)["error"]
    return {"error": found["message"], "code": found["code"]}


def _message(text: str, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    asked = [{"function": {"name": call.name, "arguments": _arguments(call)}} for call in calls]
    return {"role": "assistant", "content": text} | ({"tool_calls": asked} if asked else {})


def _arguments(call: ToolCall) -> Any:
    """Return a call's arguments as an object; what a model wrote that is none stands under `arguments`."""
    try:
        found = parse_json(call.arguments or "{}")
    except InvalidInput:
        found = None
    return found if isinstance(found, dict) else {"arguments": call.arguments}


def _durations(timings: Timings) -> dict[str, int]:
    named = {
        "total_duration": timings.total_ms,
        "load_duration": timings.load_duration_ms,
        "prompt_eval_duration": timings.prompt_eval_duration_ms,
        "eval_duration": timings.eval_duration_ms,
    }
    return {name: round((ms or 0.0) * _NS) for name, ms in named.items()}


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"
