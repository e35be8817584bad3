"""What a run's journal keeps beside its traces and values: events, intents, waits, signals, keys, times to wake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from storage.statement import Statement
from storage.table import Row, Table


@dataclass(slots=True)
class EventRow:
    """Something that happened to a run and is no attempt."""

    run_id: str
    event_id: int
    kind: str
    at_ms: int
    data: str
    """JSON."""


@dataclass(slots=True)
class IntentRow:
    """An effect about to happen."""

    run_id: str
    subtask_id: str
    item_index: int | None
    attempt: int
    key: str
    """The idempotency key."""
    at_ms: int


@dataclass(slots=True)
class WaitRow:
    """What a subtask, or the whole plan, waits for."""

    run_id: str
    subtask_id: str
    item_index: int | None
    kind: str
    name: str
    until_ms: int | None
    since_ms: int


@dataclass(slots=True)
class SignalRow:
    """Something a run was told."""

    run_id: str
    signal_id: str
    name: str
    payload: str
    """JSON."""
    at_ms: int
    taken: int
    """1 once it was used up."""


@dataclass(slots=True)
class KeyRow:
    """A caller's name for one request, and the run it made."""

    key: str
    fingerprint: str
    run_id: str
    at_ms: int


@dataclass(slots=True)
class WakeRow:
    """When a parked run is looked at again."""

    run_id: str
    at_ms: int


EVENT: Final = Table(EventRow, "event", key=("run_id", "event_id"), long=("data",))
INTENT: Final = Table(IntentRow, "intent", key=("run_id", "subtask_id", "item_index", "attempt"))
WAIT: Final = Table(WaitRow, "wait", key=("run_id", "subtask_id", "item_index", "kind"))
SIGNAL: Final = Table(
    SignalRow, "signal", key=("run_id", "signal_id"), long=("payload",), verb="INSERT OR IGNORE INTO"
)
KEY: Final = Table(KeyRow, "request_key", key=("key",))
WAKE: Final = Table(WakeRow, "wake", key=("run_id",))


def insert_event(row: EventRow) -> Statement:
    """Keep an event; a second one with its number fails the unit."""
    return EVENT.append(row)


def insert_intent(row: IntentRow) -> Statement:
    """Keep an intent; a second one for its attempt fails the unit."""
    return INTENT.append(row)


def insert_wait(row: WaitRow) -> Statement:
    """Keep a wait; a second one of its kind for its subtask (and element) fails the unit."""
    return WAIT.insert(row)


def delete_wait(row: WaitRow) -> Statement:
    """Forget a wait."""
    return WAIT.delete(row)


def insert_signal(row: SignalRow) -> Statement:
    """Keep a signal; one whose id its run knows already changes nothing."""
    return SIGNAL.insert(row)


def take_signal(row: SignalRow) -> Statement:
    """Mark a signal, given whole, as used up."""
    return SIGNAL.update(replace(row, taken=1))


def insert_key(row: KeyRow) -> Statement:
    """Keep a caller's key; one that is kept already fails the unit."""
    return KEY.append(row)


def forget_keys(before_ms: int) -> Statement:
    """Forget the keys of requests made before a time."""
    return Statement("DELETE FROM request_key WHERE at_ms < ?", (before_ms,))


def set_wake(row: WakeRow) -> Statement:
    """Park a run until a time, in place of what was said before."""
    return WAKE.upsert(row)


def clear_wake(run_id: str) -> Statement:
    """Say that a run is parked no more."""
    return Statement("DELETE FROM wake WHERE run_id = ?", (run_id,))


def read_event(row: Row) -> EventRow:
    """Return an event as it was written, or raise `Damaged`."""
    return EVENT.read(row)


def read_intent(row: Row) -> IntentRow:
    """Return an intent as it was written, or raise `Damaged`."""
    return INTENT.read(row)


def read_wait(row: Row) -> WaitRow:
    """Return a wait as it was written, or raise `Damaged`."""
    return WAIT.read(row)


def read_signal(row: Row) -> SignalRow:
    """Return a signal as it was written, or raise `Damaged`."""
    return SIGNAL.read(row)


def read_key(row: Row) -> KeyRow:
    """Return a caller's key as it was written, or raise `Damaged`."""
    return KEY.read(row)


def read_wake(row: Row) -> WakeRow:
    """Return when a run wakes as it was written, or raise `Damaged`."""
    return WAKE.read(row)
