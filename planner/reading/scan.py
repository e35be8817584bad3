"""The JSON values in a reply, one after another, and the text that stands around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import InvalidInput
from planner.reading.beside import is_field
from planner.reading.repairs import Repairs
from planner.reading.tokens import NotJson
from planner.reading.values import Broken, Meter, read_value

MAX_VALUES: Final = 64
_OPENER: Final = re.compile(r"[{\[\uff5b\uff3b\u3010]")
_STRAY: Final = re.compile(r"\s*+[}\]\uff5d\uff3d][\s}\]\uff5d\uff3d]*+")
_GOES_ON: Final = re.compile(r"[\s}\]\uff5d\uff3d]*+[,:\uff0c\uff1a\u3001]\s*+[\"'\u201c\u2018{\[\uff5b]")
_GOES_BEFORE: Final = re.compile(r"[\"'\u201d\u2019]\s*+[:\uff1a,]\s*+\Z")
_FENCE: Final = re.compile(r"```[\w+-]*+|~~~[\w+-]*+")
_WRAPPER: Final = re.compile(
    r"</?(?:tool_calls?|function_calls?|functions?|tools?|invoke|parameter|plan|answer|output|response|json|result)"
    r"(?:[ =][^<>\n]{0,80})?>"
    r"|\[/?TOOL_CALLS?\]|<\|[\w ]{1,40}\|>|</?s>"
    r"|\b[A-Za-z_][\w.]{0,60}\(\s*+\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A value found in a reply."""

    value: Any
    repairs: Repairs


@dataclass(frozen=True, slots=True)
class Scan:
    """What a reply holds."""

    pieces: tuple[Piece, ...]
    prose: str
    """What is left around them, without fences and wrappers."""
    repairs: Repairs
    """What was cut away."""


def scan(text: str, meter: Meter) -> Scan:
    """Return every object and list in a reply that is not inside another.

    Raises:
        InvalidInput: `plan.reply_truncated`, one never ends; `plan.reply_malformed`, one cannot be read or
            goes on behind its end; what `read_value` raises.
    """
    pieces: list[Piece] = []
    around: list[str] = []
    repairs = Repairs()
    behind, at = 0, 0
    while (opener := _OPENER.search(text, at)) is not None:
        start = opener.start()
        try:
            found = read_value(text, start, meter)
        except NotJson:
            at = start + 1
            continue
        except Broken as exc:
            raise InvalidInput("plan.reply_malformed", f"the reply's JSON cannot be read: {exc}") from exc
        _check_edges(text, start, found.end)
        around.append(text[behind:start])
        pieces.append(Piece(found.value, found.repairs))
        if len(pieces) > MAX_VALUES:
            raise InvalidInput("plan.reply_too_large", f"a reply of over {MAX_VALUES} JSON values")
        behind = at = _behind_strays(text, found.end, repairs)
    around.append(text[behind:])
    return Scan(tuple(pieces), _prose(around, repairs), repairs)


def _check_edges(text: str, start: int, end: int) -> None:
    # What goes on behind its last bracket was closed too early, what goes on before its first lost its beginning:
    # either way this is a part of something, and which part nobody knows.
    if _GOES_ON.match(text, end) or _GOES_BEFORE.search(text[max(0, start - 40) : start]):
        raise InvalidInput("plan.reply_malformed", "the reply's brackets do not match", where=str(end))
    if text[start] == "[" and is_field(text, start, end):
        raise InvalidInput(
            "plan.reply_malformed",
            "the reply's list is a part of something that is no JSON",
            hint="Answer with one JSON object that holds all of the plan.",
        )


def _behind_strays(text: str, end: int, repairs: Repairs) -> int:
    found = _STRAY.match(text, end)
    if found is None:
        return end
    repairs.add("reply.stray_closer", before=found[0].strip())
    return found.end()


def _prose(around: list[str], repairs: Repairs) -> str:
    left: list[str] = []
    called = False
    for part in around:
        bare = _FENCE.sub(" ", part)
        if bare != part and "reply.fence_dropped" not in repairs.codes():
            repairs.add("reply.fence_dropped")
        plain = _WRAPPER.sub(" ", bare)
        if plain != bare:
            repairs.add("reply.wrapper_dropped", before=bare.strip())
        elif called:
            plain = plain.strip().removeprefix(")").removeprefix(";")
        called = called or plain != bare
        left.append(plain.strip())
    return "\n".join(part for part in left if part)
