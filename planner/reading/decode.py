"""The JSON values a reply spells, after thinking, fences, tags and prose are left out; strings of JSON too."""

from __future__ import annotations

import re
from typing import Any, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from planner.reading.calls import call_spelled
from planner.reading.repairs import Repairs
from planner.reading.scan import scan
from planner.reading.thinking import after_thinking, without_thinking
from planner.reading.tokens import QUOTED, NotJson, next_token
from planner.reading.values import MAX_DEPTH, Meter

MAX_REPLY: Final = 256 * 1024
"""Characters."""
MAX_STRINGS: Final = 3
"""Strings of JSON in each other."""
_FENCED: Final = re.compile(r"\A```\w*+\s*+|```\s*+\Z")

Values = list[tuple[Any, Repairs]]


def body_of(text: str) -> str:
    """Return a reply without the space around it.

    Raises:
        InvalidInput: `plan.reply_too_large`, `plan.reply_empty`.
    """
    if len(text) > MAX_REPLY:
        raise InvalidInput(
            "plan.reply_too_large", f"a reply of {len(text)} characters, at most {MAX_REPLY} are read"
        )
    body = text.strip().strip("\ufeff\u200b").strip()
    if not body:
        raise InvalidInput("plan.reply_empty", "the reply is empty")
    return body


def values_of(body: str, meter: Meter, repairs: Repairs) -> tuple[Values, str]:
    """Return the values in a reply, each with what was tolerated in it, and the prose around them.

    Raises:
        InvalidInput: `plan.reply_empty`, `plan.reply_truncated`; what `scan` raises.
    """
    strict = _strict(body)
    if strict is not None:
        return [(strict, Repairs())], ""
    rest = without_thinking(body)
    rest = after_thinking(rest) or rest
    if rest != body:
        repairs.add("reply.thinking_dropped")
    if not rest:
        raise InvalidInput("plan.reply_empty", "the reply is nothing but thinking")
    quoted = _quoted(rest)
    if quoted is not None:
        return [(quoted, Repairs())], ""
    spelled = call_spelled(rest)
    if spelled is not None:
        repairs.add("reply.wrapper_dropped", before=rest)
    found = scan(spelled or rest, meter)
    repairs.extend(found.repairs)
    return [(piece.value, piece.repairs) for piece in found.pieces], found.prose


class Strings:
    """Reads the JSON in strings, as far as one reply may have it."""

    def __init__(self, meter: Meter, repairs: Repairs) -> None:
        self._meter = meter
        self._repairs = repairs
        self._left = MAX_STRINGS

    def decode(self, text: str) -> Any:
        """Return the value a string spells, None where it spells none or holds more.

        Raises:
            InvalidInput: `plan.reply_truncated`, it ends before its value does; what `scan` raises.
        """
        self._left -= 1
        body = text.strip()
        if self._left < 0 or not body:
            return None
        strict = _strict(body)
        if strict is not None:
            return strict
        quoted = _quoted(body)
        if quoted is not None:
            return quoted
        found = scan(body, self._meter)
        if len(found.pieces) != 1 or found.prose:
            return None
        self._repairs.extend(found.repairs)
        self._repairs.extend(found.pieces[0].repairs)
        return found.pieces[0].value


def _quoted(text: str) -> str | None:
    """Return what a text spells that is one string of JSON, quotes and all; None for other texts.

    Raises:
        InvalidInput: `plan.reply_truncated`, the string never ends.
    """
    bare = _FENCED.sub("", text).strip()
    if bare[:1] not in QUOTED or bare[1:40].lstrip()[:1] not in {"{", "[", "\\", '"', "`"}:
        return None
    try:
        token = next_token(bare, 0)
    except NotJson:
        return None
    return token.value if token.kind == "string" and token.end == len(bare) else None


def _strict(body: str) -> Any:
    if body[0] not in '{["':
        return None
    try:
        return parse_json(body, max_depth=MAX_DEPTH)
    except InvalidInput:
        return None
