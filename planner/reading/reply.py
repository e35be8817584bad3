"""A model's reply to the one plan it holds, by a ladder: each step is tried where the stricter ones failed.

1. The reply is one JSON object with subtasks: taken as it is.
2. A thinking block before it is left out.
3. Fences, tags of tool calls and prose around it are left out.
4. Its JSON is read tolerantly: other quotes, Python's words, trailing commas,
   comments, full-width punctuation, a key said twice with one value.
5. What wraps the plan is taken off: `output`, a function call, a string of
   JSON, a list.

Each repair is logged. What ends too early is truncated and never closed; what
could be read in two ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import InvalidInput
from planner.reading.beside import check_beside
from planner.reading.decode import Strings, body_of, values_of
from planner.reading.refusal import is_refusal
from planner.reading.repairs import Repairs
from planner.reading.unwrap import find_plan, is_other
from planner.reading.values import Meter

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_PARTS: Final = 20_000
"""Values of any kind in the plan."""

_OPENER: Final = re.compile(r"[{\[]")
_ESCAPED: Final = re.compile(r"[{\[]\s{0,9}\\[\"']|[\"'\\]subtasks[\"'\\]++\s{0,9}:")


@dataclass(frozen=True, slots=True)
class Reply:
    """The object a reply holds, and what was mended to reach it."""

    document: dict[str, Any]
    repairs: tuple[dict[str, JsonValue], ...] = ()


def read_reply(text: str) -> Reply:
    """Return the one object with subtasks that a reply holds.

    Raises:
        InvalidInput: `plan.reply_too_large`, `plan.reply_empty`, `plan.reply_refused`, `plan.reply_truncated`,
            `plan.reply_malformed`, `plan.reply_ambiguous`, `plan.placeholder`.
    """
    body = body_of(text)
    repairs = Repairs()
    document = _read(body, Meter(len(text)), repairs)
    _check_size(document)
    return Reply(document, tuple(repairs.as_json()))


def _read(body: str, meter: Meter, repairs: Repairs) -> dict[str, Any]:
    values, prose = values_of(body, meter, repairs)
    found: list[tuple[dict[str, Any], Repairs]] = []
    others: list[Any] = []
    for value, made in values:
        log = Repairs()
        log.extend(made)
        plan = find_plan(value, Strings(meter, log).decode, log)
        if plan is not None:
            found.append((plan, log))
        else:
            others.append(value)
    if not found:
        return _without_plan([value for value, _ in values], prose)
    if any(is_other(found[0][0], plan) for plan, _ in found[1:]):
        raise InvalidInput("plan.reply_ambiguous", f"the reply holds {len(found)} plans that differ")
    if _ESCAPED.search(prose):
        raise InvalidInput(
            "plan.reply_ambiguous", "beside the plan stands JSON in a text, which may be another"
        )
    check_beside(found[0][0], others, prose)
    if not found[0][0]["subtasks"] and any(is_refusal(each) for each in (prose, *_texts(found[0][0]))):
        raise _refused()
    if prose:
        repairs.add("reply.prose_dropped", before=prose)
    if len([value for value, _ in values if isinstance(value, dict)]) > 1:
        repairs.add("reply.objects_dropped")
    repairs.extend(found[0][1])
    return found[0][0]


def _without_plan(values: list[Any], prose: str) -> dict[str, Any]:
    """Return a lone object that is no plan, for the checks to say what it lacks; refuse all else.

    Raises:
        InvalidInput: `plan.reply_refused`, `plan.reply_empty`, `plan.reply_malformed`.
    """
    said = [prose, *(each for value in values for each in _texts(value))]
    if any(is_refusal(each) for each in said):
        raise _refused()
    objects = [value for value in values if isinstance(value, dict)]
    if values and not any(values) and _OPENER.search(prose) is None:
        raise InvalidInput("plan.reply_empty", "the reply is an empty object")
    if len(objects) == 1 and len(values) == 1:
        return objects[0]
    raise InvalidInput("plan.reply_malformed", "the reply holds no object with subtasks")


def _refused() -> InvalidInput:
    return InvalidInput(
        "plan.reply_refused", "the model declines to plan this", hint="Say it in other words."
    )


def _texts(value: Any) -> list[str]:
    """Return the texts that stand for themselves in a small value: `{"error": "I cannot"}`."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict) or len(value) > 3:
        return []
    return [inner for inner in value.values() if isinstance(inner, str)]


def _check_size(document: dict[str, Any]) -> None:
    waiting: list[Any] = [document]
    parts = 0
    while waiting:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        parts += len(inner)
        if parts > MAX_PARTS:
            raise InvalidInput("plan.reply_too_large", f"a reply of over {MAX_PARTS} values")
        waiting.extend(inner)
