"""What a language model is to the rest: messages in, one bounded completion out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the endpoint counts them; 0 where it says nothing."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered."""

    text: str
    finish_reason: str
    """`stop`, or the endpoint's word for another end."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    """The one that answered, by the endpoint's own name."""


class ChatProvider(Protocol):
    """A language model behind any endpoint."""

    async def complete(self, messages: Sequence[Message], *, max_tokens: int) -> Completion:
        """Return the model's next turn.

        Raises:
            Unavailable: `provider.unreachable`, `provider.http_status`.
            AttemptFailed: `provider.bad_reply`; `provider.truncated`, it ran into `max_tokens`.
        """
        ...
