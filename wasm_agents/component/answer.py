"""A component's answer as the envelope every guest's answer is: `{"ok": value}` or `{"error": {...}}`.

What a component gives for ok must be one JSON value by itself, so nothing it
says can close the envelope and open another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from wasm_agents.envelope import read_answer

if TYPE_CHECKING:
    from pydantic import JsonValue

GUEST_ERROR: Final = "guest_error"
"""The code of an error that names none."""
MAX_ERROR_BYTES: Final = 64 * 1024
"""Of an error's text; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a component gave."""

    output: bytes
    """The envelope."""
    value: JsonValue = None
    """What is in it, read already; None when it is an error."""
    is_ok: bool = False


def answer_ok(text: bytes) -> Answer:
    """Return the envelope around an ok's text.

    Raises:
        AttemptFailed: `output.utf8`, `output.json`.
    """
    return Answer(b'{"ok":' + text + b"}", read_answer(text), is_ok=True)


def answer_error(text: bytes) -> Answer:
    """Return the envelope around an error's text: JSON of its code and message, or the message itself."""
    cut = text[:MAX_ERROR_BYTES]
    try:
        said = parse_json(cut)
    except InvalidInput:
        said = None
    error: dict[str, JsonValue] = {"code": GUEST_ERROR, "message": cut.decode("utf-8", "replace")}
    match said:
        case {"code": str(code), "message": str(message), **rest} if not rest:
            error = {"code": code, "message": message}
        case {"code": str(code), "message": str(message), "retryable": bool(again), **rest} if not rest:
            error = {"code": code, "message": message, "retryable": again}
    return Answer(canonical_json({"error": error}).encode())
