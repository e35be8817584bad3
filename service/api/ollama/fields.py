"""What a chat over Ollama's API may hold; what would change the answer and cannot be heeded is refused.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
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


class Called(Lenient):
    """What an earlier turn of the model called."""

    name: ToolName
    arguments: dict[str, Any] = Field(default_factory=dict)


class Call(Lenient):
    """A call in an earlier turn of the model."""

    function: Called


class Turn(Lenient):
    """One message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    images: Annotated[list[Any], Field(max_length=0)] | None = None
    tool_calls: Annotated[list[Call], Field(max_length=MAX_TOOLS)] | None = None
    tool_name: Annotated[str, StringConstraints(max_length=200)] | None = None


class ModelOptions(Sampling):
    """How the answer is made."""

    num_predict: Annotated[int, Field(ge=-2)] | None = None
    """Less than 1: as many as are allowed."""
    num_ctx: Annotated[int, Field(ge=1, le=10_000_000)] | None = None

    num_thread: Any = None
    """This one and those behind it are taken and passed over."""
    num_batch: Any = None
    num_gpu: Any = None
    main_gpu: Any = None
    num_keep: Any = None
    numa: Any = None
    low_vram: Any = None
    use_mmap: Any = None
    use_mlock: Any = None


class ChatRequest(Strict):
    """A conversation, and what its next turn should be like."""

    model: ModelName
    """One that `GET /api/tags` lists."""
    messages: Annotated[list[Turn], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool = True
    tools: Annotated[list[ToolSpec], Field(max_length=MAX_TOOLS)] | None = None
    format: Literal["", "json"] | dict[str, Any] | None = None
    options: ModelOptions | None = None
    think: Literal[False] | None = None
    logprobs: Literal[False] | None = None

    keep_alive: Any = None
    """This one and those behind it are taken and passed over."""
    truncate: Any = None
    shift: Any = None
