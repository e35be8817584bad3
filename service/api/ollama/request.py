"""A chat over Ollama's API, read into what a model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request

from contracts.jsonvalue import canonical_json
from providers.chat import Message, Options, Shape, ToolCall
from service.api.bodies import read_body
from service.api.ollama.fields import ChatRequest, ModelOptions, Turn
from service.api.openai.request import tools_from
from service.chat.offered import ANY_OBJECT, Asked
from service.settings_chat import ChatSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked, and how the answer is to be given."""

    asked: Asked
    max_tokens: int
    is_stream: bool


async def read_wanted(request: Request, *, settings: ChatSettings) -> Wanted:
    """Return what a request asks for.

    Raises:
        WrongMediaType: `request.media_type`.
        InvalidInput: `json.*`, `request.invalid`.
    """
    body = await read_body(request, ChatRequest)
    given = body.options or ModelOptions()
    most = given.num_predict if given.num_predict and given.num_predict > 0 else settings.max_tokens
    options = Options(
        shape=_shape(body),
        temperature=given.temperature,
        top_p=given.top_p,
        seed=given.seed,
        stop=(given.stop,) if isinstance(given.stop, str) else tuple(given.stop or ()),
        tools=tools_from(body.tools or ()),
        num_ctx=given.num_ctx,
        timeout_s=settings.wait_s,
    )
    asked = Asked(body.model.removesuffix(":latest"), tuple(_messages(body.messages)), options)
    return Wanted(asked, min(most, settings.max_tokens), body.stream)


def _messages(turns: Iterable[Turn]) -> Iterator[Message]:
    """Yield messages; calls and their answers, which have no ids there, are given some."""
    open_calls: list[ToolCall] = []
    made = 0
    for turn in turns:
        text = turn.content or ""
        if turn.role == "assistant":
            calls = [
                ToolCall(f"call_{made + n}", call.function.name, canonical_json(call.function.arguments))
                for n, call in enumerate(turn.tool_calls or ())
            ]
            made += len(calls)
            open_calls += calls
            yield Message("assistant", text, tool_calls=tuple(calls))
        elif turn.role == "tool":
            named = next((c for c in open_calls if c.name == turn.tool_name), None)
            answered = named or next(iter(open_calls), None)
            if answered is not None:
                open_calls.remove(answered)
            yield Message("tool", text, tool_call_id=answered.id if answered is not None else "call_0")
        else:
            yield Message(turn.role, text)


def _shape(body: ChatRequest) -> Shape | None:
    if isinstance(body.format, dict):
        return Shape("answer", body.format)
    return ANY_OBJECT if body.format == "json" else None
