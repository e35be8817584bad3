"""Whether what an agent answered can be kept, and an error as a trace keeps it."""

from __future__ import annotations

import math
from typing import Final

from pydantic import JsonValue, ValidationError

from contracts.agent import AgentReply
from contracts.errors import AttemptFailed, CallsheetError
from contracts.trace import ErrorRecord, TraceMetadata, TraceStatus
from memory.encoding import encode

MAX_LOG_CHARS: Final = 1_000_000

_GOOD: Final = frozenset({TraceStatus.SUCCESS, TraceStatus.PARTIAL_SUCCESS})


def check_reply(reply: AgentReply) -> None:
    """Pass a reply whose parts beside the output are what they should be.

    Raises:
        AttemptFailed: `agent.bad_reply`.
        TypeError: Or ValueError, AttributeError: it is no reply at all.
    """
    if reply.status not in _GOOD:
        raise AttemptFailed(
            "agent.bad_reply", f"a reply's status is success or partial, not {reply.status!r}"
        )
    if not (reply.warnings or reply.usage or reply.log or reply.score is not None):
        return
    if reply.score is not None and not math.isfinite(reply.score):
        raise AttemptFailed("agent.bad_reply", f"a score is a number, this is {reply.score!r}")
    if len(reply.log) > MAX_LOG_CHARS:
        raise AttemptFailed("agent.bad_reply", f"a log of {len(reply.log)} characters")
    encode({"usage": dict(reply.usage), "warnings": list(reply.warnings), "log": reply.log}, "reply")
    TraceMetadata(score=reply.score, warnings=tuple(reply.warnings), usage=dict(reply.usage), log=reply.log)


def record_of(error: CallsheetError) -> ErrorRecord:
    """Return the error as a trace keeps it; what no JSON can hold of it is left out."""
    texts = {
        "message": _text(error.message, 2000),
        "where": _text(error.where, 500),
        "hint": _text(error.hint, 500),
    }
    data: dict[str, JsonValue] = {k: v for k, v in error.data.items() if k != "usage"}
    try:
        if data:
            encode(data, "data")
        return ErrorRecord(code=error.code, retryable=error.retryable, data=data, **texts)
    except (ValidationError, CallsheetError):
        return ErrorRecord(code=error.code, retryable=error.retryable, **texts)


def _text(text: str, longest: int) -> str:
    """Return a text cut, and without lone surrogates, as names of files may have them."""
    return str(text)[:longest].encode("utf-8", "replace").decode("utf-8")
