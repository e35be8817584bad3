"""A model's reply, read strictly: one JSON object, whole.

Fences, a thinking block and prose around it are cut away and said so. A
value that never closes is a truncated plan and is refused, never mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_REPLY: Final = 256 * 1024
MAX_OBJECTS: Final = 64
_THINKING: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_PUNCTUATION: Final = re.compile(r'["{}\\]')


@dataclass(frozen=True, slots=True)
class Reply:
    """The object a reply holds, and what was cut away to reach it."""

    document: dict[str, Any]
    repairs: tuple[dict[str, JsonValue], ...] = ()


def read_reply(text: str) -> Reply:
    """Return the one object in a reply that has subtasks.

    Raises:
        InvalidInput: `plan.reply_too_large`, `plan.reply_empty`, `plan.reply_truncated`,
            `plan.reply_malformed`, `plan.reply_ambiguous`.
    """
    if len(text) > MAX_REPLY:
        raise InvalidInput(
            "plan.reply_too_large", f"a reply of {len(text)} characters, at most {MAX_REPLY} are read"
        )
    repairs: list[dict[str, JsonValue]] = []
    rest = _THINKING.sub("", text, count=1)
    if rest != text:
        repairs.append({"code": "reply.thinking_dropped", "path": ""})
    body = rest.strip()
    if not body:
        raise InvalidInput("plan.reply_empty", "the reply is empty")
    chunks = list(_objects(body))
    plans = _plans(chunks)
    if len(plans) > 1 and any(plan != plans[0] for plan in plans):
        raise InvalidInput("plan.reply_ambiguous", f"the reply holds {len(plans)} plans that differ")
    outside = _outside(body, chunks)
    if "```" in outside:
        repairs.append({"code": "reply.fence_dropped", "path": ""})
    if re.sub(r"```\w*", "", outside).strip():
        repairs.append({"code": "reply.prose_dropped", "path": ""})
    if len(chunks) > 1:
        repairs.append({"code": "reply.objects_dropped", "path": ""})
    return Reply(plans[0], tuple(repairs))


def _plans(chunks: list[str]) -> list[dict[str, Any]]:
    if not chunks:
        raise InvalidInput("plan.reply_malformed", "the reply holds no JSON object")
    found: list[dict[str, Any]] = []
    refusal: InvalidInput | None = None
    for chunk in chunks:
        try:
            value = parse_json(chunk)
        except InvalidInput as exc:
            refusal = refusal or exc
            continue
        if isinstance(value, dict) and "subtasks" in value:
            found.append(value)
    if found:
        return found
    if refusal is not None:
        raise InvalidInput(
            "plan.reply_malformed", f"the reply's JSON cannot be read: {refusal.message}"
        ) from refusal
    raise InvalidInput("plan.reply_malformed", "the reply's object has no subtasks")


def _objects(text: str) -> Iterator[str]:
    """Yield each outermost `{…}`.

    Raises:
        InvalidInput: `plan.reply_truncated`, one never closes.
    """
    start, depth, here, quoted = 0, 0, 0, False
    for _ in range(MAX_REPLY):
        match = _PUNCTUATION.search(text, here)
        if match is None:
            break
        char, at = match.group(), match.start()
        here = at + (2 if char == "\\" and quoted else 1)
        if char == '"' and depth:
            quoted = not quoted
        elif char == "{" and not quoted:
            start = start if depth else at
            depth += 1
        elif char == "}" and not quoted and depth:
            depth -= 1
            if depth == 0:
                yield text[start : at + 1]
    if depth:
        raise InvalidInput("plan.reply_truncated", "the reply ends before its object does")


def _outside(body: str, chunks: list[str]) -> str:
    for chunk in chunks[:MAX_OBJECTS]:
        body = body.replace(chunk, " ", 1)
    return body
