"""Events, intents, waits and signals as rows, and back."""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.journal import Event, Intent, Signal, Wait
from contracts.jsontext import json_text
from storage.journal_rows import EventRow, IntentRow, SignalRow, WaitRow
from traces.redaction import Redactor

_NOTHING: Final = "{}"


def event_row(run_id: str, event: Event, redactor: Redactor) -> EventRow:
    """Return the row that keeps an event, without secrets."""
    text = json_text(dict(event.data)) if event.data else _NOTHING
    if event.data and not redactor.is_plain(text):
        text = json_text(redactor.value(dict(event.data)))
    return EventRow(run_id, event.event_id, event.kind, event.at_ms, text)


def intent_row(run_id: str, intent: Intent) -> IntentRow:
    """Return the row that keeps an intent."""
    return IntentRow(run_id, intent.subtask_id, intent.item_index, intent.attempt, intent.key, intent.at_ms)


def intent_of(row: IntentRow) -> Intent:
    """Return the intent a row keeps."""
    return Intent(row.subtask_id, row.item_index, row.attempt, row.key, row.at_ms)


def wait_row(run_id: str, wait: Wait) -> WaitRow:
    """Return the row that keeps a wait."""
    return WaitRow(
        run_id, wait.subtask_id, wait.item_index, wait.kind, wait.name, wait.until_ms, wait.since_ms
    )


def wait_of(row: WaitRow) -> Wait:
    """Return the wait a row keeps."""
    kind: Any = row.kind
    return Wait(row.subtask_id, row.item_index, kind, row.name, row.until_ms, row.since_ms)


def signal_row(signal: Signal, redactor: Redactor) -> SignalRow:
    """Return the row that keeps a signal, without secrets."""
    payload = json_text(redactor.value(signal.payload))
    return SignalRow(signal.run_id, signal.signal_id, signal.name, payload, signal.at_ms, 0)


def signal_of(row: SignalRow) -> Signal:
    """Return the signal a row keeps."""
    return Signal(row.run_id, row.signal_id, row.name, json.loads(row.payload), row.at_ms)
