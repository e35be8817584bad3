"""One call to a model, measured: what was asked, what it took, how it ended."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.clock import Clock
from contracts.errors import AttemptFailed, CallsheetError
from providers.chat import Completion, Message, Options, StreamingProvider
from providers.pieces import closing

METRICS: Final = {
    "ttft_ms": "time to the first token, ms",
    "throughput_tok_s": "tokens per second, as they come",
    "total_ms": "whole answer, ms",
    "prompt_eval_duration_ms": "reading the prompt, ms",
    "eval_duration_ms": "writing the answer, ms",
    "load_duration_ms": "loading the model, ms",
    "tokens_generated": "tokens generated",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
    "cached_tokens": "tokens in that were read before",
}
"""What is measured of each call, and how a person calls it."""


class Setting(BaseModel):
    """What is held the same while calls are measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    num_ctx: int | None = None
    """Tokens of context; None: the model's own."""
    threads: int | None = None
    temperature: float = 0.0
    agents: int = 1
    """Who ask at the same time, each one question after another."""

    @property
    def options(self) -> str:
        """What tells it from other settings of its model, for people."""
        said = {
            "context": self.num_ctx,
            "threads": self.threads,
            "temperature": f"{self.temperature:g}" if self.temperature else None,
            "agents": self.agents if self.agents > 1 else None,
        }
        return ", ".join(f"{name} {value}" for name, value in said.items() if value)


class Ask(BaseModel):
    """What every call asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    max_tokens: int
    begins_alike: bool = False
    """Whether all questions begin with the same words, so that an endpoint may keep what it read of them."""


class Call(BaseModel):
    """One call and what it took; None where nobody could say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setting: Setting
    agent: int
    run: int
    is_warmup: bool = False
    answered_by: str = ""
    finish_reason: str = ""
    error_code: str = ""
    """When it failed: it counts as failed, and nothing else of it counts."""
    error_message: str = ""
    total_ms: float | None = None
    ttft_ms: float | None = None
    throughput_tok_s: float | None = None
    prompt_eval_duration_ms: float | None = None
    eval_duration_ms: float | None = None
    load_duration_ms: float | None = None
    tokens_generated: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None


def question(ask: Ask, *, run: int, agent: int, setting: int) -> tuple[Message, ...]:
    """Return what one call asks: its number stands first, unless all are to begin alike."""
    number = f"Question {setting}-{agent}-{run}."
    text = f"{ask.prompt}\n\n{number}" if ask.begins_alike else f"{number}\n\n{ask.prompt}"
    return (Message("user", text),)


async def measure(
    provider: StreamingProvider, messages: tuple[Message, ...], *, ask: Ask, call: Call, clock: Clock
) -> Call:
    """Ask once and return the call with what it took; a failure becomes part of the record."""
    options = Options(temperature=call.setting.temperature, num_ctx=call.setting.num_ctx)
    began = clock.monotonic()
    try:
        end = await _whole(provider, messages, max_tokens=ask.max_tokens, options=options)
    except CallsheetError as exc:
        took = (clock.monotonic() - began) * 1000
        failed = {"error_code": exc.code, "error_message": exc.message[:300], "total_ms": took}
        return call.model_copy(update=failed)
    return call.model_copy(update=_taken(end, (clock.monotonic() - began) * 1000))


async def _whole(
    provider: StreamingProvider, messages: tuple[Message, ...], *, max_tokens: int, options: Options
) -> Completion:
    end = None
    pieces = provider.stream(messages, max_tokens=max_tokens, options=options)
    async with closing(pieces) as coming:
        async for piece in coming:
            end = piece.end or end
    if end is None:
        raise AttemptFailed("provider.cut_off", "the stream ended without saying how")
    return end


def _taken(end: Completion, total_ms: float) -> dict[str, str | float | int | None]:
    timings, usage = end.timings, end.usage
    generated = timings.tokens_generated
    return {
        "answered_by": end.model[:200],
        "finish_reason": end.finish_reason,
        "total_ms": total_ms if timings.total_ms is None else timings.total_ms,
        "ttft_ms": timings.ttft_ms,
        "throughput_tok_s": timings.throughput_tok_s,
        "prompt_eval_duration_ms": timings.prompt_eval_duration_ms,
        "eval_duration_ms": timings.eval_duration_ms,
        "load_duration_ms": timings.load_duration_ms,
        "tokens_generated": usage.completion_tokens if generated is None else generated,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
    }
