"""What a chat completion's request may hold.

A field that would change the answer and cannot be heeded is refused; one that
would not is taken and passed over; an unknown one is refused, as OpenAI does.
Inside messages and tools unknown fields are passed over: clients send back
what they were given.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from service.api.chat_fields import (
    MAX_MESSAGES,
    MAX_TOOLS,
    Lenient,
    ModelName,
    Sampling,
    Strict,
    ToolName,
    ToolSpec,
)

Nothing = Annotated[int | float, Field(ge=0, le=0)]


class Part(Lenient):
    """A part of a message; only text is read."""

    type: Annotated[str, StringConstraints(max_length=40)]
    text: str | None = None


class Function(Lenient):
    """What an earlier turn of the model called."""

    name: ToolName
    arguments: str = "{}"


class Call(Lenient):
    """A call in an earlier turn of the model."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: Literal["function"] = "function"
    function: Function


class Turn(Lenient):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[Part], Field(max_length=MAX_MESSAGES)] | None = None
    tool_calls: Annotated[list[Call], Field(max_length=MAX_TOOLS)] | None = None
    tool_call_id: Annotated[str, StringConstraints(max_length=200)] | None = None


class ChosenFunction(Lenient):
    """A function's name."""

    name: ToolName


class Choice(Lenient):
    """The one tool that must be called."""

    type: Literal["function"] = "function"
    function: ChosenFunction


class SchemaFormat(Lenient):
    """What form the answer must have."""

    name: Annotated[str, StringConstraints(max_length=64)] = "answer"
    schema_: dict[str, Any] = Field(alias="schema")


class Format(Lenient):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class StreamOptions(Lenient):
    """More of a stream."""

    include_usage: bool | None = None


class ChatRequest(Sampling):
    """A conversation, and what its next turn should be like."""

    model: ModelName
    """One that `GET /v1/models` lists."""
    messages: Annotated[list[Turn], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """At most `chat.max_tokens` are written."""
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    """Likewise; goes before `max_tokens`."""
    tools: Annotated[list[ToolSpec], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | Choice | None = None
    parallel_tool_calls: bool | None = None
    """False: only the first call of a turn is given."""
    response_format: Format | None = None

    n: Annotated[int, Field(ge=1, le=1)] | None = None
    logprobs: Literal[False] | None = None
    top_logprobs: Nothing | None = None
    frequency_penalty: Nothing | None = None
    presence_penalty: Nothing | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    modalities: list[Literal["text"]] | None = None

    user: Any = None
    """This one and those behind it are taken and passed over."""
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    reasoning_effort: Any = None
    verbosity: Any = None


class ToolRequest(Strict):
    """A tool call to run, as the model wrote it."""

    arguments: str | dict[str, Any] = "{}"
    """JSON, as in a tool call; or the object itself."""
    objective: Annotated[str, StringConstraints(max_length=4000)] = ""
    """What a person asked for: its URLs name the hosts that may be reached."""
