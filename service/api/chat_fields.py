"""What a chat's request holds in every API it may come by."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_MESSAGES = 1000
MAX_TOOLS = 128
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class Strict(BaseModel):
    """Refuses a field it does not know: it might change the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Lenient(BaseModel):
    """Passes over a field it does not know: clients send back what they were given."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Sampling(Strict):
    """How a model's words are chosen."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None


class Definition(Lenient):
    """A function's."""

    name: ToolName
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    parameters: dict[str, Any] | None = None


class ToolSpec(Lenient):
    """A tool that the model may call."""

    type: Literal["function"]
    function: Definition
