"""A run's events as rows of its page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pydantic import JsonValue

from service.dashboard.present import compact, duration, shorten
from service.dashboard.states import look_of
from traces.events import EventLine

_HIDDEN: Final = frozenset(
    {"trace_id", "run_id", "subtask_id", "item_index", "started_ms", "plan_id", "key", "signature"}
)
"""Facts that stand elsewhere on the page, or that say nothing to people."""
MAX_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class EventView:
    """One event."""

    number: int
    at_ms: int
    word: str
    about: str
    link: str
    """To the trace of an attempt; else empty."""
    lines: tuple[str, ...] = ()
    """What a new plan changed, in words."""


def events_of(lines: Iterable[EventLine]) -> tuple[EventView, ...]:
    """Return events as they are shown, newest first."""
    return tuple(_view(line) for line in lines)[::-1]


def _view(line: EventLine) -> EventView:
    if line.kind == "attempt_ended":
        return _attempt(line)
    if line.kind == "replanned":
        return _replanned(line)
    who = _who(line.body)
    more = [
        f"{shorten(k, 40)} {_text(v)}"
        for k, v in line.body.items()
        if k not in _HIDDEN and v not in (None, "", 0, [])
    ]
    word = line.kind.replace("_", " ").capitalize()
    return EventView(line.event_id, line.at_ms, word, ", ".join([who, *more][not who :]), "")


def _attempt(line: EventLine) -> EventView:
    body = line.body
    attempt = body.get("attempt")
    parts = [_who(body) or "The plan", shorten(body.get("agent_type", ""), 40)]
    if attempt:
        parts += [f"attempt {attempt}", duration(float(body.get("duration_ms") or 0))]
    parts += [shorten(body["error_code"], 60)] if body.get("error_code") else []
    link = f"/ui/traces/{quote(str(body['trace_id']), safe='')}" if body.get("trace_id") else ""
    word = look_of(str(body.get("status", ""))).word
    return EventView(line.event_id, line.at_ms, word, ", ".join(filter(None, parts)), link)


def _replanned(line: EventLine) -> EventView:
    body = line.body
    changes = body.get("changes")
    words = changes if isinstance(changes, list) else []
    about = (
        f"{_who(body)} failed with {shorten(body.get('code', ''), 80)}: a new plan,"
        f" {shorten(body.get('to', ''), 12)}, goes on"
    )
    lines = tuple(shorten(word, 300) for word in words[:MAX_LINES])
    return EventView(line.event_id, line.at_ms, "Replanned", about, "", lines)


def _text(value: JsonValue) -> str:
    """Return a fact on one line; a list of words as words."""
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return shorten(" and ".join(word or "the plan" for word in map(str, value)))
    return compact(value)


def _who(body: Mapping[str, Any]) -> str:
    name = shorten(body.get("subtask_id") or "", 64)
    index = body.get("item_index")
    return f"{name} item {index}" if name and index is not None else name
