"""What goes wrong at an endpoint, in this project's words, whichever SDK it comes out of.

What an endpoint writes into an error may repeat the prompt or the key, so it is
never shown: only its status, and its own short code where that is one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from providers.collecting import Collector, cut_off

MAX_COMPLAINT: Final = 4000
_TOO_MUCH: Final = "It may be longer than the model reads, or ask for what its endpoint cannot do."
_HINTS: Final = {
    400: _TOO_MUCH,
    413: _TOO_MUCH,
    422: _TOO_MUCH,
    401: "Check the model's api_key.",
    403: "Check the model's api_key.",
    404: "Check the model's url (with /v1 for openai, without for others) and its name: callsheet models list",
    429: "Ask less often, or name another model in model.then.",
}
_WORDS: Final = frozenset({
    "api_error", "authentication_error", "billing_error", "content_filter", "context_length_exceeded",
    "engine_overloaded", "exceed_context_size_error", "insufficient_quota", "internal_error",
    "internal_server_error", "invalid_api_key", "invalid_json", "invalid_model", "invalid_prompt",
    "invalid_request_error", "max_tokens_exceeded", "model_not_found", "not_found_error", "not_supported_error",
    "overloaded_error", "permission_denied", "permission_error", "rate_limit_error", "rate_limit_exceeded",
    "request_too_large", "requests", "server_error", "timeout_error", "tokens", "unavailable_error",
    "unsupported_parameter", "unsupported_value",
})  # fmt: skip
"""Codes that endpoints give. Any other word may be the key, or one of the prompt, said back."""
_DELAY: Final = re.compile(
    r"[0-9]{1,10}(\.[0-9]{1,9})?|[A-Z][a-z]{2,8}, [0-9]{1,2}[ -][A-Z][a-z]{2}[ -][0-9: ]{10,16} GMT"
)
_STATUSES: Final = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "overloaded_error": 529,
    "timeout_error": 504,
}
"""Of errors that come without one, in a stream."""
_RETRY_AFTER: Final = re.compile(
    r"\d{1,9}(\.\d{1,9})?|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
)
Stage = Literal["asking", "reading"]


class AnsweredStatus(Unavailable):
    """The endpoint answered, and what it answered is an error."""

    def __init__(self, status: int, complaint: str, *, retry_after: str = "", word: str = "") -> None:
        data: dict[str, Any] = {"status": status}
        if _DELAY.fullmatch(retry_after):
            data["retry_after"] = retry_after
        if word in _WORDS:
            data["endpoint_code"] = word
        often = status == 429
        super().__init__(
            "provider.rate_limited" if often else "provider.http_status",
            f"the model's endpoint answered {status}" + (f" ({word})" if "endpoint_code" in data else ""),
            hint=_HINTS.get(status, "Try again later, or plan with --no-model."),
            data=data,
        )
        self.status = status
        self.retryable = status in {408, 409, 425, 429} or status >= 500
        self.complaint = complaint[:MAX_COMPLAINT].lower()
        """What it says of the request; for deciding what to ask instead, never to be shown."""


def answered(status: int, body: object, headers: Mapping[str, str]) -> AnsweredStatus:
    """Return the error for an answer that is none.

    Args:
        status: Of HTTP.
        body: Read as JSON where it is, else its text.
        headers: By any case of names that `get` takes.
    """
    error: Any = body.get("error", body) if isinstance(body, Mapping) else body
    said = error if isinstance(error, Mapping) else {}
    word = next((w for w in (said.get("code"), said.get("type")) if isinstance(w, str)), "")
    return AnsweredStatus(
        status, str(body)[:MAX_COMPLAINT], retry_after=headers.get("retry-after") or "", word=word
    )


def error_in_stream(error: object) -> CallsheetError:
    """Return the error for one that an endpoint writes into a reply that had begun."""
    said = error if isinstance(error, Mapping) else {}
    status = next((s for s in (said.get("code"), said.get("status_code")) if type(s) is int), 0)
    word = next((w for w in (said.get("type"), said.get("code")) if isinstance(w, str)), "")
    status = status or _STATUSES.get(word, 0)
    if 400 <= status < 600:
        return AnsweredStatus(status, str(error)[:MAX_COMPLAINT], word=word)
    shown = f" ({word})" if word in _WORDS else ""
    return AttemptFailed(
        "provider.bad_reply", f"the endpoint wrote an error into its reply{shown}", retryable=True
    )


def told(error: BaseException, stage: Stage, *, chars: int = 0) -> CallsheetError:
    """Return an error as providers tell it.

    Args:
        error: Anything that came out of an SDK.
        stage: Whether an answer had begun.
        chars: Of the reply so far.
    """
    own = _own(error)
    if own is None or own.code.startswith("json."):
        status = getattr(error, "status_code", None)
        body = getattr(error, "body", getattr(error, "error", None))
        if isinstance(status, int) and status >= 300:
            return answered(status, body, getattr(getattr(error, "response", None), "headers", {}))
        if body is not None:
            return error_in_stream(body.get("error", body) if isinstance(body, Mapping) else body)
        return AttemptFailed(
            "provider.bad_reply",
            f"the endpoint's answer is no completion: {own.code if own else type(error).__name__}",
            hint="Check that the model's url is the API it is said to be.",
        )
    if own.code.startswith(("provider.", "budget.")):
        return own
    if own.code == "egress.too_large":
        return AttemptFailed("provider.too_large", f"the model's reply is too large: {own.message[:200]}")
    if own.code == "egress.timeout":
        return Unavailable(
            "provider.timeout",
            f"the model did not answer in time: {own.message[:200]}",
            hint="Give it more time with timeout_s, or a faster model.",
            data={"cause": own.code},
        )
    if stage == "reading" and own.code in {"egress.connect", "egress.protocol"}:
        return cut_off(chars)
    found = Unavailable(
        "provider.unreachable",
        f"the model did not answer: {own.message[:300]}",
        hint="Check the model's url in callsheet.toml, or plan with --no-model.",
        data={"cause": own.code},
    )
    found.retryable = bool(own.retryable)
    return found


@contextmanager
def in_our_words(found: Collector | None = None) -> Iterator[None]:
    """Raise whatever comes out of an SDK as `told`.

    Args:
        found: What is collected; what breaks after its end breaks nothing.
    """
    try:
        yield
    except Exception as exc:  # noqa: BLE001  # an SDK that reads hostile bytes may raise anything
        if found is not None and found.is_finished:
            return
        is_reading = found is not None and found.is_open
        raise told(
            exc, "reading" if is_reading else "asking", chars=found.chars if found else 0
        ) from cause_of(exc)


def cause_of(error: BaseException) -> BaseException | None:
    """Return what `told(error)` comes from, of what may be shown: an SDK's own errors hold what endpoints write."""
    own = _own(error)
    if own is None or own.code.startswith("json."):
        return None
    return own if not own.code.startswith(("provider.", "budget.")) else own.__cause__


def _own(error: BaseException) -> CallsheetError | None:
    """Return the error of ours that an SDK has wrapped into its own."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None or isinstance(seen, CallsheetError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
