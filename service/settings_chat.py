"""What is served to programs that take this service for a language model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.settings_fields import Group, Names


class ChatSettings(Group):
    """What one conversation may take, and which agents a model is offered."""

    at_once: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Answers under way; one more is answered 503."""
    wait_s: Annotated[float, Field(gt=0, le=86_400)] = 300
    """For one answer, runs included."""
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    """The most one completion may have."""
    rounds: Annotated[int, Field(ge=1, le=50)] = 6
    """How often a model may call agents before it has to answer."""
    effectful: Names = ()
    """Agents with an effect that a model is offered all the same."""
