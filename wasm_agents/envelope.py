"""Read what a guest answered: `{"ok": value}` or `{"error": {"code", "message"[, "retryable"]}}`, strictly.

The envelope keeps "the guest says no" apart from any value a guest may give;
see `docs/decisions/0003-guest-envelope.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsonvalue import MAX_DEPTH, parse_json

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_TEXT: Final = 500


def open_envelope(output: bytes) -> JsonValue:
    """Return the value in the envelope.

    Raises:
        AttemptFailed: `output.utf8`, `output.json`, `output.envelope`; `guest.error` when the guest
            says so, with its own code in `data`.
    """
    # The envelope is one level more than the value it holds.
    match read_answer(output, max_depth=MAX_DEPTH + 1):
        case {"ok": value, **rest} if not rest:
            return value
        case {"error": {"code": str(code), "message": str(message), **extra}, **rest} if not rest and (
            not extra or (extra.keys() == {"retryable"} and isinstance(extra["retryable"], bool))
        ):
            raise AttemptFailed(
                "guest.error",
                f"the guest says: {message[:MAX_TEXT]}",
                retryable=bool(extra.get("retryable")),
                data={"guest_code": code[:MAX_TEXT]},
            )
        case _:
            raise AttemptFailed(
                "output.envelope",
                f"the guest's answer is no envelope: {output[:80]!r}",
                hint='Answer {"ok": value} or {"error": {"code": "...", "message": "..."}}.',
            )


def read_answer(text: bytes, *, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Return the JSON value that a guest's text is.

    Raises:
        AttemptFailed: `output.utf8`, `output.json`.
    """
    try:
        return parse_json(text, max_depth=max_depth)
    except InvalidInput as exc:
        code = "output.utf8" if exc.code == "json.encoding" else "output.json"
        message = f"the guest's answer cannot be read: {exc.message[:MAX_TEXT]}"
        raise AttemptFailed(code, message, where=exc.where) from exc
