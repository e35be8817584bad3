"""Whether what an agent answered can be kept, and an error as a trace keeps it."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from pydantic import JsonValue, ValidationError

from contracts.agent import AgentReply, Parked
from contracts.errors import AttemptFailed, CallsheetError
from contracts.trace import ErrorRecord, TraceMetadata, TraceStatus
from dispatcher.purse import used_of
from memory.encoding import encode

DECISIONS: Final = frozenset({"approve", "reject"})
"""Signals that nobody but a plan's approval waits for."""
MAX_LOG_CHARS: Final = 1_000_000
_SIGNAL: Final = re.compile(r"[\x21-\x7e]{1,200}")

_GOOD: Final = frozenset({TraceStatus.SUCCESS, TraceStatus.PARTIAL_SUCCESS})


def check_reply(reply: AgentReply) -> tuple[str, str]:
    """Pass a reply that a trace can hold as it is, and return the JSON of its usage and of its recording.

    Both are empty where there is none.

    Raises:
        InvalidInput: Or pydantic's ValidationError: a part of it is no JSON, or too long.
        AttemptFailed: `agent.bad_reply`.
        TypeError: Or ValueError, AttributeError: it is no reply at all.
    """
    if reply.status not in _GOOD:
        raise AttemptFailed(
            "agent.bad_reply", f"a reply's status is success or partial, not {reply.status!r}"
        )
    if not (reply.warnings or reply.usage or reply.log or reply.guest or reply.score is not None):
        return "", ""
    if reply.score is not None and not math.isfinite(reply.score):
        raise AttemptFailed("agent.bad_reply", f"a score is a number, this is {reply.score!r}")
    if len(reply.log) > MAX_LOG_CHARS:
        raise AttemptFailed("agent.bad_reply", f"a log of {len(reply.log)} characters")
    usage = encode(dict(reply.usage), "usage") if reply.usage else ""
    guest = encode(dict(reply.guest), "guest") if reply.guest else ""
    if reply.warnings or reply.log or reply.score is not None:
        encode({"warnings": list(reply.warnings), "log": reply.log}, "reply")
        TraceMetadata(score=reply.score, warnings=tuple(reply.warnings), log=reply.log)
    return usage, guest


def record_of(error: CallsheetError) -> ErrorRecord:
    """Return the error as a trace keeps it; what no JSON can hold of it is left out."""
    texts = {
        "message": _text(error.message, 2000),
        "where": _text(error.where, 500),
        "hint": _text(error.hint, 500),
    }
    data: dict[str, JsonValue] = {k: v for k, v in error.data.items() if k not in {"usage", "guest", "log"}}
    code = _text(error.code, 100)
    try:
        if data:
            encode(data, "data")
        return ErrorRecord(code=code, retryable=error.retryable, data=data, **texts)
    except (ValidationError, CallsheetError):
        return ErrorRecord(code=code, retryable=bool(error.retryable), **texts)


def usage_of(error: CallsheetError) -> dict[str, JsonValue]:
    """Return what an attempt used, as the error it ended with tells; what no JSON can hold is left out."""
    told = error.data.get("usage")
    if not isinstance(told, dict) or not told:
        return dict(used_of(error.data))
    try:
        encode(told, "usage")
    except CallsheetError:
        return dict(used_of(told))
    return told


def log_of(error: CallsheetError) -> str:
    """Return what an attempt logged before it failed, as its error tells."""
    told = error.data.get("log")
    return _text(told, MAX_LOG_CHARS) if isinstance(told, str) else ""


def guest_of(error: CallsheetError) -> dict[str, JsonValue]:
    """Return what the error of a guest's attempt tells for running it again; nothing where no JSON can hold it."""
    told = error.data.get("guest")
    if not isinstance(told, dict) or not told:
        return {}
    try:
        encode(told, "guest")
    except CallsheetError:
        return {}
    return told


def check_wait(parked: Parked) -> None:
    """Pass a wait whose end can come: for a signal that may be sent, for a time there is.

    Raises:
        AttemptFailed: `agent.bad_reply`.
    """
    name: object = parked.signal  # agents are code: they raise what their types forbid
    until: object = parked.until
    if name is not None and not (isinstance(name, str) and _SIGNAL.fullmatch(name) and name not in DECISIONS):
        raise AttemptFailed("agent.bad_reply", f"no signal that may be sent is called {name!r:.80}")
    if until is not None and not (isinstance(until, datetime) and until.tzinfo is not None):
        raise AttemptFailed("agent.bad_reply", f"a wait ends at an aware datetime, not {until!r:.80}")


def _text(text: str, longest: int) -> str:
    """Return a text cut, and without lone surrogates, as names of files may have them."""
    return str(text)[:longest].encode("utf-8", "replace").decode("utf-8")
