"""What a chat completion's request may hold.

A field that would change the answer and cannot be heeded is refused; one that
would not is taken and passed over; an unknown one is refused, as OpenAI does.
Inside messages and tools unknown fields are passed over: clients send back
what they were given.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_MESSAGES = 1000
MAX_TOOLS = 128
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Nothing = Annotated[int | float, Field(ge=0, le=0)]


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Part(_Open):
    """A part of a message; only text is read."""

    type: Annotated[str, StringConstraints(max_length=40)]
    text: str | None = None


class Function(_Open):
    """What an earlier turn of the model called."""

    name: ToolName
    arguments: str = "{}"


class Call(_Open):
    """A call in an earlier turn of the model."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: Literal["function"] = "function"
    function: Function


class Turn(_Open):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[Part], Field(max_length=MAX_MESSAGES)] | None = None
    tool_calls: Annotated[list[Call], Field(max_length=MAX_TOOLS)] | None = None
    tool_call_id: Annotated[str, StringConstraints(max_length=200)] | None = None


class Definition(_Open):
    """A function's."""

    name: ToolName
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    parameters: dict[str, Any] | None = None


class ToolSpec(_Open):
    """A tool that the model may call."""

    type: Literal["function"]
    function: Definition


class ChosenFunction(_Open):
    """A function's name."""

    name: ToolName


class Choice(_Open):
    """The one tool that must be called."""

    type: Literal["function"] = "function"
    function: ChosenFunction


class SchemaFormat(_Open):
    """What form the answer must have."""

    name: Annotated[str, StringConstraints(max_length=64)] = "answer"
    schema_: dict[str, Any] = Field(alias="schema")


class Format(_Open):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class StreamOptions(_Open):
    """More of a stream."""

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """A conversation, and what its next turn should be like."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """One that `GET /v1/models` lists."""
    messages: Annotated[list[Turn], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """At most `chat.max_tokens` are written."""
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    """Likewise; goes before `max_tokens`."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
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


class ToolRequest(_Open):
    """A tool call to run, as the model wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    arguments: str | dict[str, Any] = "{}"
    """JSON, as in a tool call; or the object itself."""
    objective: Annotated[str, StringConstraints(max_length=4000)] = ""
    """What a person asked for: its URLs name the hosts that may be reached."""
