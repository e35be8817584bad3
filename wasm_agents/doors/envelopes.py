"""What a guest is answered: `{"ok": value}`, or `{"error": {"code", "message", "retryable"}}`."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from contracts.jsontext import json_text

MAX_TEXT: Final = 500


def ok(value: JsonValue) -> bytes:
    """Return the envelope of a value."""
    return json_text({"ok": value}).encode()


def failed(code: str, message: str, *, retryable: bool = False) -> bytes:
    """Return the envelope of a failure."""
    said = message[:MAX_TEXT].encode("utf-8", "replace").decode()
    return json_text({"error": {"code": code, "message": said, "retryable": retryable}}).encode()
