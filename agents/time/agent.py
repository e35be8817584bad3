"""The agent `time`: texts in, the instants at which they say something ends out."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from agents.time.deadline import Deadline, read_deadline
from agents.time.inputs import TimeInputs, read_inputs
from agents.time.zones import known_zones
from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput
from contracts.jsonvalue import resolve_pointer

if TYPE_CHECKING:  # it opens no door, so nothing of the network need be loaded
    from agents.doors import Doors

CARD: Final = Path(__file__).parent / "card.json"
INLINE_ITEMS: Final = 50
"""More than so many are read in a thread."""
_SHOWN_CHARS: Final = 500

Entry = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class TimeAgent:
    """Reads deadlines against the run's clock; touches nothing else."""

    card: AgentCard

    async def run(self, call: AgentCall) -> AgentReply:
        """Read the times a call gives.

        Raises:
            InvalidInput: `time.bad_input`.
        """
        inputs = read_inputs(call.inputs)
        zone = inputs.zone or call.home_zone
        if zone not in known_zones():
            raise InvalidInput(
                "time.bad_input", f"the home zone {zone[:64]!r} is no IANA zone", where="/zone"
            )
        if inputs.items is None:
            entry = _entry(inputs.text, inputs, now=call.now, zone=zone)
            return AgentReply(output=entry, warnings=_warnings([entry]))
        entries = await _read_all(inputs, inputs.items, now=call.now, zone=zone)
        unsure = sum(entry["unsure"] is True for entry in entries)
        within = sum(entry["ends_within"] is True for entry in entries)
        output: JsonValue = {"items": [*entries], "unsure": unsure, "within": within}
        return AgentReply(output=output, warnings=_warnings(entries))


def create(doors: Doors) -> TimeAgent:
    """Return the agent, with the card beside this file; it opens no door."""
    del doors
    return TimeAgent(read_card(json.loads(CARD.read_text(encoding="utf-8")), where="agents/time/card.json"))


async def _read_all(inputs: TimeInputs, items: list[JsonValue], *, now: datetime, zone: str) -> list[Entry]:
    stop = threading.Event()  # set when nobody waits any more
    read = partial(_entries, inputs, items, now, zone, stop)
    if len(items) <= INLINE_ITEMS:
        return read()
    try:
        return await asyncio.to_thread(read)
    finally:
        stop.set()


def _entries(
    inputs: TimeInputs, items: list[JsonValue], now: datetime, zone: str, stop: threading.Event
) -> list[Entry]:
    return [
        {"index": i, **_entry(_text_at(item, inputs.pointer), inputs, now=now, zone=zone)}
        for i, item in enumerate(items)
        if not stop.is_set()
    ]


def _text_at(item: JsonValue, pointer: str) -> JsonValue:
    try:
        return resolve_pointer(item, pointer)
    except InvalidInput:
        return None


def _entry(found: JsonValue, inputs: TimeInputs, *, now: datetime, zone: str) -> Entry:
    text = str(found) if isinstance(found, int) and not isinstance(found, bool) else found
    if isinstance(text, str):
        deadline = read_deadline(text, now=now, zone=zone)
    else:
        why = "no text is there" if text is None else f"no text but a {type(text).__name__} is there"
        deadline = Deadline(None, unsure=True, warnings=(why,), method="none")
    left = None if deadline.utc is None else deadline.utc - now
    return {
        "text": text[:_SHOWN_CHARS] if isinstance(text, str) else None,
        "utc": None if deadline.utc is None else _spelled(deadline.utc),
        "unsure": deadline.unsure,
        "warnings": list(deadline.warnings),
        "method": deadline.method,
        "remaining_s": None if left is None else _seconds(left),
        "ends_within": _within(left, inputs.within_hours),
    }


def _within(left: timedelta | None, hours: float | None) -> bool | None:
    if left is None or hours is None:
        return None
    return timedelta(0) < left <= timedelta(hours=hours)


def _spelled(utc: datetime) -> str:
    return utc.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(left: timedelta) -> int | float:
    seconds = left.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _warnings(entries: list[Entry]) -> tuple[str, ...]:
    unsure = sum(entry["unsure"] is True for entry in entries)
    return (f"{unsure} of {len(entries)} times are unsure",) if unsure else ()
