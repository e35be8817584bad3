"""What is asked of an OpenAI-compatible endpoint, and what is left out for one that does not take it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from providers.asked import asked_form
from providers.chat import Form, Message, Options, Shape, Tool
from providers.faults import AnsweredStatus

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_COMPLAINTS: Final = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Takes:
    """What an endpoint takes, as far as is known."""

    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    usage_in_stream: bool = True
    strict: bool = True
    """Of a JSON Schema: every reply is held to it, which not every schema can be."""
    schema_in_json_object: bool = True

    def fewer(self, error: AnsweredStatus, form: Form) -> Takes | None:
        """Return what to ask with next, after a complaint; None when nothing is left to leave out."""
        if error.status not in _COMPLAINTS:
            return None
        said = error.complaint
        if "max_completion_tokens" in said and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        if "schema" in said and form == "json_schema" and self.strict:
            return replace(self, strict=False)
        if "schema" in said and form == "json_object" and self.schema_in_json_object:
            return replace(self, schema_in_json_object=False)
        # Some complain of an unknown field without naming it; this is the one that most often is.
        return replace(self, usage_in_stream=False) if self.usage_in_stream else None


def request_of(
    model: str,
    messages: Sequence[Message],
    options: Options,
    *,
    max_tokens: int,
    takes: Takes,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of the SDK's `chat.completions.create`."""
    form = asked_form(options)
    asked: dict[str, Any] = {
        "model": model,
        "messages": [_message(m) for m in messages],
        takes.limit: max_tokens,
        "stream": True,
    }
    if takes.usage_in_stream:
        asked["stream_options"] = {"include_usage": True}
    if options.temperature is not None and takes.temperature:
        asked["temperature"] = options.temperature
    asked |= {
        name: value for name, value in (("top_p", options.top_p), ("seed", options.seed)) if value is not None
    }
    if options.stop:
        asked["stop"] = list(options.stop)
    if options.tools:
        asked["tools"] = [_tool(t) for t in options.tools]
        asked["tool_choice"] = _tool_choice(options.tool_choice)
    if options.shape is not None and (held := _response_format(options.shape, form, takes)) is not None:
        asked["response_format"] = held
    more = dict(extra)
    if form == "grammar" and options.shape is not None and options.shape.grammar is not None:
        more["grammar"] = options.shape.grammar
    if more:
        asked["extra_body"] = more
    return asked


def _message(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
        found["content"] = message.content or None
    if message.role == "tool":
        found["tool_call_id"] = message.tool_call_id
    return found


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": described}


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(shape: Shape, form: Form, takes: Takes) -> dict[str, Any] | None:
    if form == "json_schema":
        name = _NOT_IN_NAMES.sub("_", shape.name)[:64] or "reply"
        described = {"name": name, "schema": dict(shape.schema), "strict": takes.strict}
        return {"type": "json_schema", "json_schema": described}
    if form == "json_object":
        # llama-cpp-python's server knows a schema in this place only.
        more = {"schema": dict(shape.schema)} if takes.schema_in_json_object else {}
        return {"type": "json_object"} | more
    return None
