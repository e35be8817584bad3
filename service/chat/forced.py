"""A tool that must be called is called: also where a server passes over the order, and answers with words.

Such a server is asked for the tool's arguments instead, as a reply of their
schema's shape. Which servers do so is remembered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts.errors import AttemptFailed, CallsheetError
from contracts.jsonvalue import canonical_json, parse_json
from providers.chat import ChatProvider, Completion, Message, Options, Piece, Shape, Tool, ToolCall
from providers.pieces import closing
from service.chat.talk import pieces_of

FREE: Final = frozenset({"auto", "none"})
_CANNOT: Final = frozenset({"provider.http_status", "provider.unsupported"})


@dataclass(frozen=True, slots=True)
class Named:
    """A configured model and its name."""

    name: str
    provider: ChatProvider


class Forcing:
    """Asks models, and has those that must call a tool call it."""

    def __init__(self) -> None:
        self._heedless: set[str] = set()  # of models, by name

    def pieces(
        self, model: Named, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        """Yield what a model writes; where it must call a tool, its calls alone, in one piece.

        Raises:
            AttemptFailed: `talk.no_call`, it would not call one.
            CallsheetError: As the model does.
        """
        if options.tool_choice in FREE or not options.tools:
            return pieces_of(model.provider, messages, max_tokens=max_tokens, options=options)
        return self._forced(model, messages, max_tokens=max_tokens, options=options)

    async def _forced(
        self, model: Named, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        if model.name not in self._heedless:
            end = await _asked(model.provider, messages, max_tokens=max_tokens, options=options)
            if end is not None and not _is_prose(end):
                yield Piece(end.text, end)
                return
        found = await _by_shape(model.provider, messages, max_tokens=max_tokens, options=options)
        if found.finish_reason == "tool_calls":  # what is cut off either way says nothing of the order
            self._heedless.add(model.name)
        yield Piece(end=found)


def _is_prose(end: Completion) -> bool:
    """Say whether a model that had to call a tool wrote words instead, whole or cut off."""
    return not end.tool_calls and (
        end.finish_reason == "stop" or (end.finish_reason == "length" and bool(end.text))
    )


async def _asked(
    provider: ChatProvider, messages: Sequence[Message], *, max_tokens: int, options: Options
) -> Completion | None:
    """Return a model's answer to the order; None where its server does not know such orders."""
    try:
        return await _whole(provider, messages, max_tokens=max_tokens, options=options)
    except CallsheetError as exc:
        if exc.code in _CANNOT and not exc.retryable:
            return None
        raise


async def _by_shape(
    provider: ChatProvider, messages: Sequence[Message], *, max_tokens: int, options: Options
) -> Completion:
    """Return a call whose arguments were asked for as a reply of their shape."""
    wanted = [t for t in options.tools if options.tool_choice in {"required", t.name}]
    one = wanted[0] if len(wanted) == 1 else None
    shape = Shape("call", dict(one.parameters) if one is not None else _any_of(wanted))
    told = [Message("system", _order(wanted)), *messages]
    asked = replace(options, tools=(), tool_choice="auto", shape=shape)
    end = await _whole(provider, told, max_tokens=max_tokens, options=asked)
    name, arguments = (one.name, end.text) if one is not None else _named(end.text, wanted)
    call = ToolCall("call_1", name, arguments)
    finish = "tool_calls" if end.finish_reason == "stop" else end.finish_reason
    return replace(end, text="", tool_calls=(call,), finish_reason=finish)


async def _whole(
    provider: ChatProvider, messages: Sequence[Message], *, max_tokens: int, options: Options
) -> Completion:
    end = Completion("", "")
    async with closing(pieces_of(provider, messages, max_tokens=max_tokens, options=options)) as pieces:
        async for piece in pieces:
            end = piece.end or end
    return end


def _order(tools: Sequence[Tool]) -> str:
    lines = "\n".join(f"- {tool.name}: {tool.description[:1000]}" for tool in tools)
    what = "its arguments" if len(tools) == 1 else 'an object with its "name" and its "arguments"'
    return f"Call one of these functions:\n{lines}\nAnswer with {what}, as JSON, and nothing else."


def _any_of(tools: Sequence[Tool]) -> dict[str, Any]:
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {"name": {"const": tool.name}, "arguments": dict(tool.parameters)},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
            for tool in tools
        ]
    }


def _named(text: str, tools: Sequence[Tool]) -> tuple[str, str]:
    try:
        found = parse_json(text)
    except CallsheetError as exc:
        raise _no_call() from exc
    name = found.get("name") if isinstance(found, dict) else None
    if not isinstance(found, dict) or all(name != tool.name for tool in tools):
        raise _no_call()
    return str(name), canonical_json(found.get("arguments", {}))


def _no_call() -> AttemptFailed:
    return AttemptFailed(
        "talk.no_call",
        "the model was to call a tool, and gave no call",
        retryable=True,
        hint="Name one tool in tool_choice, give it more tokens, or ask a stronger model.",
    )
