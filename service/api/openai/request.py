"""A chat completion's request, read into what a model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json
from providers.chat import Message, Options, Shape, Tool, ToolCall
from service.api.bodies import as_model, read_json
from service.api.chat_fields import ToolSpec
from service.api.openai.fields import ChatRequest, Choice, Format, Turn
from service.chat.offered import ANY_OBJECT, Asked
from service.idempotency import HEADER, check_name
from service.settings_chat import ChatSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked, and how the answer is to be given."""

    asked: Asked
    max_tokens: int
    is_stream: bool
    tells_usage: bool
    """Whether a stream's last chunk has it."""
    calls: int | None
    """Tool calls that are given, at most; None: all."""


async def read_wanted(request: Request, *, settings: ChatSettings) -> Wanted:
    """Return what a request asks for.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`, `request.invalid`, `request.bad_key`, `talk.unsupported`.
    """
    name = check_name(request.headers.get(HEADER))
    document = await read_json(request)
    body = as_model(document, ChatRequest)
    asked = Asked(
        model=body.model,
        messages=tuple(_message(turn, number) for number, turn in enumerate(body.messages)),
        options=_options(body, wait_s=settings.wait_s),
        name=name,
        fingerprint=sha256(canonical_json(document).encode()).hexdigest() if name else "",
    )
    return Wanted(
        asked,
        max_tokens=min(
            settings.max_tokens, body.max_completion_tokens or body.max_tokens or settings.max_tokens
        ),
        is_stream=bool(body.stream),
        tells_usage=bool(body.stream_options and body.stream_options.include_usage),
        calls=1 if body.parallel_tool_calls is False else None,
    )


def _message(turn: Turn, number: int) -> Message:
    text = _text(turn, f"/messages/{number}/content")
    if turn.role in {"system", "developer"}:
        return Message("system", text)
    if turn.role == "tool":
        if not turn.tool_call_id:
            raise _invalid("a tool's message says which call it answers", f"/messages/{number}/tool_call_id")
        return Message("tool", text, tool_call_id=turn.tool_call_id)
    if turn.role == "user":
        if turn.content is None:
            raise _invalid("a user's message has content", f"/messages/{number}/content")
        return Message("user", text)
    calls = tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in turn.tool_calls or ())
    return Message("assistant", text, tool_calls=calls)


def _text(turn: Turn, where: str) -> str:
    if turn.content is None or isinstance(turn.content, str):
        return turn.content or ""
    for number, part in enumerate(turn.content):
        if part.type != "text" or part.text is None:
            raise InvalidInput(
                "talk.unsupported",
                f"a part of the type {part.type!r}: only text is read here",
                where=f"{where}/{number}",
                hint="Send text. For photos there is the agent vision: name their page in an objective.",
            )
    return "".join(part.text or "" for part in turn.content)


def _options(body: ChatRequest, *, wait_s: float) -> Options:
    stop = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    tools = tools_from(body.tools or ())
    return Options(
        shape=_shape(body.response_format),
        temperature=body.temperature,
        top_p=body.top_p,
        seed=body.seed,
        stop=stop,
        tools=tools,
        tool_choice=_choice(body),
        timeout_s=wait_s,
    )


def tools_from(given: Sequence[ToolSpec]) -> tuple[Tool, ...]:
    """Return the tools that a request sends.

    Raises:
        InvalidInput: `request.invalid`, two have one name.
    """
    names = [spec.function.name for spec in given]
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise _invalid(f"two tools are called {twice!r}", "/tools")
    return tuple(
        Tool(
            f.name,
            f.description or "",
            {"type": "object", "properties": {}} if f.parameters is None else f.parameters,
        )
        for f in (spec.function for spec in given)
    )


def _choice(body: ChatRequest) -> str:
    if isinstance(body.tool_choice, Choice):
        return body.tool_choice.function.name
    return body.tool_choice or "auto"


def _shape(wanted: Format | None) -> Shape | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ANY_OBJECT
    if wanted.json_schema is None:
        raise _invalid("a json_schema format has a json_schema", "/response_format/json_schema")
    return Shape(wanted.json_schema.name, wanted.json_schema.schema_)


def _invalid(message: str, where: str) -> InvalidInput:
    return InvalidInput("request.invalid", message, where=where)
