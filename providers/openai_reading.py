"""Reads the answers of OpenAI-compatible endpoints, each part by itself: no two servers write the same."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from contracts.errors import AttemptFailed
from providers.chat import ModelOffer, Piece
from providers.collecting import Collector
from providers.faults import error_in_stream
from providers.reading import bytes_of, count_of, field_of, llamacpp_timings, ollama_timings, usage_of

MAX_OFFERS: Final = 1000
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z.+-]{1,40}")
_CONTEXTS: Final = ("context_window", "context_length", "max_model_len", "n_ctx", "n_ctx_train")


def read_chunk(chunk: object, found: Collector) -> Piece | None:
    """Take one chunk of a stream; return what is to be read of it.

    Raises:
        AttemptFailed: `provider.bad_reply`, it is no chunk.
        CallsheetError: The endpoint wrote an error.
    """
    choice = _choice(chunk, found)
    if choice is None:
        return None
    delta, reason = field_of(choice, "delta"), field_of(choice, "finish_reason")
    if delta is None and not isinstance(reason, str):
        raise no_completion("a choice has no delta")
    piece = _said(delta, found)
    if isinstance(reason, str):
        found.finished(reason)
    return piece


def read_whole(answer: object, found: Collector) -> Piece | None:
    """Take a whole completion, as endpoints give it that do not stream.

    Raises:
        AttemptFailed: `provider.bad_reply`, it is no completion.
        CallsheetError: The endpoint wrote an error.
    """
    choice = _choice(answer, found)
    message = field_of(choice, "message")
    if message is None:
        raise no_completion("it has no message")
    piece = _said(message, found)
    reason = field_of(choice, "finish_reason")
    if reason is not None and not isinstance(reason, str):
        raise no_completion(f"its finish_reason is {type(reason).__name__}")
    found.finished(reason or "stop")
    return piece


def offers(listed: object) -> tuple[ModelOffer, ...]:
    """Return the models that `GET /models` lists.

    Raises:
        AttemptFailed: `provider.bad_reply`.
    """
    rows = field_of(listed, "data")
    if not isinstance(rows, list):
        raise no_completion("it lists no models")
    return tuple(offer for row in rows[:MAX_OFFERS] if (offer := _offer(row)) is not None)


def no_completion(why: str) -> AttemptFailed:
    """Return the error for an answer of the wrong form."""
    return AttemptFailed(
        "provider.bad_reply",
        f"the endpoint's answer is no chat completion: {why}",
        hint="Check that the model's url is an OpenAI-compatible endpoint, up to and with /v1.",
    )


def wrong_kind(kind: str) -> AttemptFailed:
    """Return the error for an answer of another media type, which is said where it is one."""
    return no_completion(f"it is {kind!r}" if _MEDIA_TYPE.fullmatch(kind) else "it is of no known kind")


def _choice(chunk: object, found: Collector) -> object | None:
    """Return the first choice, when there is one, after what stands beside it was read."""
    if (error := field_of(chunk, "error")) is not None:
        raise error_in_stream(error)
    choices = field_of(chunk, "choices")
    if choices is not None and not isinstance(choices, list):
        raise no_completion(f"its choices are {type(choices).__name__}")
    if choices is None and field_of(chunk, "usage") is None and field_of(chunk, "timings") is None:
        raise no_completion("it has no choices")
    found.said_model(field_of(chunk, "model"))
    _counts(chunk, found)
    return choices[0] if choices else None


def _counts(chunk: object, found: Collector) -> None:
    if (usage := field_of(chunk, "usage")) is not None:
        found.usage = usage_of(usage)
    timings = field_of(chunk, "timings")
    if timings is not None:
        found.timings = llamacpp_timings(timings)
        cached = count_of(field_of(timings, "cache_n"))
        if not found.usage.cached_tokens:
            found.usage = replace(found.usage, cached_tokens=cached)
    elif field_of(chunk, "eval_duration") is not None:
        found.timings = ollama_timings(chunk)


def _said(delta: object, found: Collector) -> Piece | None:
    content = field_of(delta, "content")
    if content is not None and not isinstance(content, str):
        raise no_completion(f"its content is {type(content).__name__}")
    for name in ("reasoning_content", "reasoning"):
        if isinstance(thought := field_of(delta, name), str):
            found.thought(thought)
    if isinstance(refusal := field_of(delta, "refusal"), str) and refusal:
        found.finished("refusal")
    calls = field_of(delta, "tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        _call(place, call, found)
    return found.text(content) if content else None


def _call(place: int, call: object, found: Collector) -> None:
    index, asked = field_of(call, "index"), field_of(call, "function")
    name, arguments = field_of(asked, "name"), field_of(asked, "arguments")
    said = field_of(call, "id")
    found.call(
        index if isinstance(index, int) and 0 <= index < 10_000 else place,
        id=said if isinstance(said, str) else "",
        name=name if isinstance(name, str) else "",
        arguments=arguments if isinstance(arguments, str) else "",
    )


def _offer(row: Any) -> ModelOffer | None:
    name = field_of(row, "id")
    if not isinstance(name, str) or not name:
        return None
    owner = field_of(row, "owned_by")
    places = (row, field_of(row, "meta"))
    context = next((c for p in places for key in _CONTEXTS if (c := count_of(field_of(p, key)))), None)
    size = bytes_of(field_of(field_of(row, "meta"), "size"))
    return ModelOffer(name[:200], context, owner[:80] if isinstance(owner, str) else "", size)
