"""What is asked of an endpoint that speaks Anthropic's messages API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from providers.asked import asked_form, parsed_arguments, unsupported
from providers.chat import Message, Options, Shape

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}
_KEPT: Final = {"cache_control": {"type": "ephemeral"}}


def request_of(
    model: str, messages: Sequence[Message], options: Options, *, max_tokens: int, sampling: bool
) -> dict[str, Any]:
    """Return the arguments of the SDK's `messages.create`.

    Args:
        model: By the endpoint's name.
        messages: Those of the system stand apart in this API, wherever they were.
        options: What else.
        max_tokens: Of the reply.
        sampling: Whether temperature and top_p may be sent.

    Raises:
        AttemptFailed: `provider.unsupported`.
    """
    kept = options.prefix_messages - 1
    system = [
        {"type": "text", "text": m.content} | (_KEPT if i == kept else {})
        for i, m in enumerate(messages)
        if m.role == "system" and m.content
    ]
    turns = _turns([(m, i == kept) for i, m in enumerate(messages) if m.role != "system"])
    asked: dict[str, Any] = {"model": model, "max_tokens": max_tokens, "messages": turns, "stream": True}
    if system:
        asked["system"] = system
    if options.stop:
        asked["stop_sequences"] = list(options.stop)
    # The SDK takes neither as a keyword any more; the endpoints of older models still do.
    sampled = {"temperature": options.temperature, "top_p": options.top_p} if sampling else {}
    if more := {name: value for name, value in sampled.items() if value is not None}:
        asked["extra_body"] = more
    return asked | _tools(options)


def _tools(options: Options) -> dict[str, Any]:
    form = asked_form(options)
    if options.shape is not None and form != "prompt":
        if form != "json_schema" or options.tools:
            raise unsupported(
                f"the messages API holds a reply to no shape by {form!r} beside tools", form=form
            )
        return _forced(options.shape)
    if not options.tools:
        return {}
    tools = [
        {
            "name": t.name,
            "description": t.description,
            "input_schema": {"type": "object"} | dict(t.parameters),
        }
        for t in options.tools
    ]
    word = _CHOICES.get(options.tool_choice)
    choice = {"type": word} if word else {"type": "tool", "name": options.tool_choice}
    return {"tools": tools, "tool_choice": choice}


def _forced(shape: Shape) -> dict[str, Any]:
    if shape.schema.get("type") != "object":
        raise unsupported("a tool's arguments are an object, the shape asked for is none", form="json_schema")
    name = _NOT_IN_NAMES.sub("_", shape.name)[:64] or "reply"
    tool = {"name": name, "description": "Give the reply.", "input_schema": dict(shape.schema)}
    return {"tools": [tool], "tool_choice": {"type": "tool", "name": name}}


def _turns(messages: Sequence[tuple[Message, bool]]) -> list[dict[str, Any]]:
    """Return the turns; what answers several calls of one turn stands in one."""
    turns: list[dict[str, Any]] = []
    for message, is_kept in messages:
        blocks = _blocks(message)
        if not blocks:
            continue
        if is_kept:
            blocks[-1] |= _KEPT
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}]
    said: list[dict[str, Any]] = [{"type": "text", "text": message.content}] if message.content else []
    calls: list[Mapping[str, Any]] = [
        {"type": "tool_use", "id": c.id, "name": c.name, "input": parsed_arguments(c)}
        for c in message.tool_calls
    ]
    return [*said, *(dict(c) for c in calls)]
