"""What a language model is to the rest: messages in, one bounded completion out, whole or piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a model asks for."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: not checked."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant's turn."""
    tool_call_id: str = ""
    """Of a tool's turn: the call it answers."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of an object."""


Form = Literal["json_schema", "grammar", "json_object", "prompt"]
"""How a reply is held to a shape, the strictest first."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What form a reply must have; each server is asked in the strictest way it knows."""

    name: str
    schema: Mapping[str, Any]
    """JSON Schema, draft 2020-12."""
    grammar: str | None = None
    """GBNF that says the same or more, for servers that take one."""
    described: bool = False
    """Whether the messages say it already, so that nobody needs to add it."""
    is_ours: bool = False
    """Whether no caller had a part in it: what an endpoint says against it, it says against the form."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a completion beside its messages; None leaves it to the endpoint."""

    shape: Shape | None = None
    form: Form | None = None
    """How to hold the reply to `shape`; None: as the provider thinks best."""
    temperature: float | None = 0.0
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or the name of one of `tools`."""
    num_ctx: int | None = None
    """Tokens of context, where an endpoint lets the caller say."""
    timeout_s: float | None = None
    """For all of the call, tries again included; None for the provider's own."""
    prefix_messages: int = 0
    """How many messages, from the first, other calls begin with too: an endpoint that can keeps what it read of them."""


PLAIN: Final = Options()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the endpoint counts them; 0 where it says nothing."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's, those the endpoint had read before."""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long a completion took, in milliseconds; None where nobody can say."""

    total_ms: float | None = None
    ttft_ms: float | None = None
    """From the asking to the first piece of text, as measured here."""
    prompt_eval_duration_ms: float | None = None
    """By the endpoint; else the time to the first token."""
    eval_duration_ms: float | None = None
    """By the endpoint; else from the first piece to the last."""
    load_duration_ms: float | None = None
    throughput_tok_s: float | None = None
    """Tokens generated per second of `eval_duration_ms`."""
    tokens_generated: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered."""

    text: str
    finish_reason: str
    """`stop`, `tool_calls`, or the endpoint's word for another end."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    """The one that answered, by the endpoint's own name."""
    tool_calls: tuple[ToolCall, ...] = ()
    timings: Timings = field(default_factory=Timings)
    form: Form = "prompt"
    """How the reply was held to its shape."""
    usd: float | None = None
    """What it cost, by the operator's prices; None: unknown."""
    tries: int = 1
    tried: tuple[Mapping[str, JsonValue], ...] = ()
    """Models asked before the one that answered: `model`, and the `code` and `message` of why it did not."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a completion as it comes; the last one holds the whole as `end`."""

    text: str = ""
    end: Completion | None = None


class ChatProvider(Protocol):
    """A language model behind any endpoint."""

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Return the model's next turn.

        Raises:
            Unavailable: `provider.unreachable`, `provider.http_status`, `provider.rate_limited`,
                `provider.timeout`, `provider.breaker_open`.
            AttemptFailed: `provider.bad_reply`; `provider.cut_off`, its stream ended without a reason;
                `provider.truncated`, it ran into `max_tokens`; `provider.refused`.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model that an endpoint has."""

    id: str
    context: int | None = None
    """Tokens, where the endpoint says."""
    owned_by: str = ""
    bytes: int | None = None
    """Of its file, where the endpoint says."""


class ReplySource(Protocol):
    """What turns an objective into the text of a plan by itself."""

    async def reply(self, objective: str, context_keys: Sequence[str]) -> Completion:
        """Return a plan as JSON; raises as `ChatProvider.complete`."""
        ...


class StreamingProvider(ChatProvider, Protocol):
    """A model that can be read while it writes."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn, the last with the whole; raises as `complete`."""
        ...
