"""Reads what endpoints say of tokens and times, whatever stands in its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from providers.chat import Timings, Usage

MAX_COUNT: Final = 10**9
_NS_PER_MS: Final = 1_000_000


def field_of(thing: object, name: str) -> Any:
    """Return a field of a JSON object, or of what an SDK made of one; None where there is none."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def count_of(value: object) -> int:
    """Return a count of tokens; 0 for what is none."""
    return value if isinstance(value, int) and type(value) is int and 0 <= value <= MAX_COUNT else 0


def bytes_of(value: object) -> int | None:
    """Return a file's size; None for what is none."""
    return (
        int(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**60 else None
    )


def number_of(value: object) -> float | None:
    """Return a duration or a rate; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = float(value) if abs(value) < 1e15 else math.inf
    return found if math.isfinite(found) and found >= 0 else None


def usage_of(found: object) -> Usage:
    """Return the tokens that an OpenAI-compatible endpoint counts."""
    cached = field_of(field_of(found, "prompt_tokens_details"), "cached_tokens")
    return Usage(
        count_of(field_of(found, "prompt_tokens")),
        count_of(field_of(found, "completion_tokens")),
        count_of(cached),
    )


def llamacpp_timings(found: object) -> Timings:
    """Return what llama.cpp's server says of its work."""
    predicted = count_of(field_of(found, "predicted_n"))
    return Timings(
        prompt_eval_duration_ms=number_of(field_of(found, "prompt_ms")),
        eval_duration_ms=number_of(field_of(found, "predicted_ms")),
        throughput_tok_s=number_of(field_of(found, "predicted_per_second")),
        tokens_generated=predicted or None,
    )


def ollama_timings(found: object) -> Timings:
    """Return what Ollama says of its work, which it counts in nanoseconds."""

    def ms(name: str) -> float | None:
        ns = number_of(field_of(found, name))
        return None if ns is None else ns / _NS_PER_MS

    return Timings(
        prompt_eval_duration_ms=ms("prompt_eval_duration"),
        eval_duration_ms=ms("eval_duration"),
        load_duration_ms=ms("load_duration"),
        tokens_generated=count_of(field_of(found, "eval_count")) or None,
    )
