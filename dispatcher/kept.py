"""What the journal's database tells of runs: everything going on with one needs, in one look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog
from pydantic import JsonValue

from contracts.errors import Conflict, Damaged, NotFound
from contracts.journal import Intent, Opened, Past, Unfinished
from contracts.run import RunState
from contracts.trace import TraceStatus
from memory.rows import value_of
from storage.database import Reader
from storage.failure import damaged
from storage.journal_rows import EventRow, WakeRow, read_event, read_intent, read_signal, read_wait, read_wake
from storage.queries import (
    due_runs,
    events_of_run,
    holds_signals,
    intents_of_run,
    last_event,
    next_wake,
    past_of_run,
    run_by_id,
    run_line,
    signal_by_id,
    signals_of_run,
    trace_by_id,
    unfinished_runs,
    values_of_run,
    waits_of_run,
)
from storage.rows import TraceRow, read_line, read_run, read_trace_head, read_value
from storage.table import Row
from traces.journal_rows import intent_of, signal_of, wait_of
from traces.reading import check_end, own_rows, run_from, trace_from, value_text

_ALL: Final = 2**31
MAX_HELD: Final = 1000
"""Signals a run holds that nobody has asked for yet."""

_log = structlog.get_logger(__name__)


class Kept:
    """Reads runs for the engine.

    Args:
        reader: Of the database the journal writes.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def open(self, run_id: str) -> Opened:
        """Return a run with the epoch to go on with.

        Raises:
            NotFound: `run.unknown`.
            Damaged: `storage.damaged`.
        """
        rows, last, past, values, intents, waits, signals, told = self._reader.query_all(
            [
                run_by_id(run_id),
                last_event(run_id),
                past_of_run(run_id),
                values_of_run(run_id),
                intents_of_run(run_id),
                waits_of_run(run_id),
                signals_of_run(run_id),
                events_of_run(run_id, limit=_ALL),
            ]
        )
        if not rows:
            raise NotFound("run.unknown", f"no run is called {run_id[:80]!r}")
        for found in (rows, past, values, intents, waits, signals, told):
            own_rows(found, run_id)
        events = [read_event(row) for row in told]
        self._check_whole(run_id, int(last[0]["event_id"]), len(past) + len(events))
        self._check_whole(run_id, sum(e.kind == "intent" for e in events), len(intents))
        check_end(run_id, rows[0]["state"], events[-1].kind if events else "")
        kept = [value_of(read_value(row), value_text(row, self._reader)) for row in values]
        done = [_past_of(read_trace_head(row)) for row in past]
        given = {p.subtask_id for p in done if p.ended is not None and p.ended.has_output}
        self._check_whole(run_id, 0, len(given.difference(value.by for value in kept)))
        return Opened(
            run=run_from(rows[0], self._reader),
            epoch=read_run(rows[0]).epoch + 1,
            last_event=int(last[0]["event_id"]),
            past=done,
            values={value.key: value for value in kept},
            intents=[_with_signals(intent_of(read_intent(row)), events) for row in intents],
            waits=[wait_of(read_wait(row)) for row in waits],
            signals=[signal_of(read_signal(row)) for row in signals],
            approved=_approved(events),
            redacted=frozenset(value.key for value in kept if value.is_redacted),
            heard=frozenset(_signal_of(e) for e in events if signals and e.kind == "signalled"),
            replanned=[json.loads(e.data)["signature"] for e in events if e.kind == "replanned"],
            given_up=frozenset(json.loads(e.data)["subtask_id"] for e in events if e.kind == "not_replanned"),
        )

    def _check_whole(self, run_id: str, expected: int, found: int) -> None:
        """Pass a journal nothing of which is hidden: a damaged index can hide rows that are sound themselves."""
        if expected != found:
            raise damaged("run", run_id)

    def output(self, trace_id: str) -> JsonValue:
        """Return what a kept attempt gave.

        Raises:
            NotFound: `trace.unknown`.
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*trace_by_id(trace_id)), trace_id, column="trace_id")
        if not rows:
            raise NotFound("trace.unknown", f"no trace is called {trace_id[:80]!r}")
        return trace_from(rows[0], self._reader).output

    def knows_signal(self, run_id: str, signal_id: str) -> bool:
        """Say whether a run was told this signal before."""
        return bool(self._reader.query(*signal_by_id(run_id, signal_id)))

    def check_room(self, run_id: str) -> None:
        """Pass a run that may be told more.

        Raises:
            Conflict: `signal.too_many`.
        """
        if self._reader.query(*holds_signals(run_id, least=MAX_HELD)):
            raise Conflict(
                "signal.too_many",
                f"run {run_id[:80]!r} was told {MAX_HELD} things that nobody in it has asked for",
                hint="Wait until some are used up; or cancel the run.",
            )

    def unfinished(self, *, after: int, limit: int) -> Sequence[Unfinished]:
        """Return runs in state queued, planning or running that are not parked, by `seq`."""
        return _sound(self._reader.query(*unfinished_runs(after=after, limit=limit)))

    def due(self, *, before_ms: int, limit: int) -> Sequence[Unfinished]:
        """Return parked runs whose time to be looked at has come, earliest first."""
        return _sound(self._reader.query(*due_runs(before_ms=before_ms, limit=limit)))

    def next_due_ms(self, *, after_ms: int) -> int | None:
        """Return when the next parked run is due that is not due yet."""
        rows = self._reader.query(*next_wake(after_ms=after_ms))
        wake: WakeRow | None = read_wake(rows[0]) if rows else None
        return wake.at_ms if wake is not None else None

    def state(self, run_id: str) -> RunState | None:
        """Return a run's kept state; None where there is no such run."""
        rows = own_rows(self._reader.query(*run_line(run_id)), run_id)
        return RunState(read_line(rows[0]).state) if rows else None


def _sound(rows: Sequence[Row]) -> Sequence[Unfinished]:
    """Return what the rows say, but for damaged ones: one run nobody can read must not keep the others."""
    found = []
    for row in rows:
        try:
            line = read_line(row)
            found.append(
                Unfinished(line.seq, line.run_id, RunState(line.state), line.priority, line.created_ms)
            )
        except (Damaged, ValueError) as exc:
            _log.error("run_line_damaged", seq=row["seq"], error=str(exc))
    return found


def _past_of(row: TraceRow) -> Past:
    return Past(
        trace_id=row.trace_id,
        subtask_id=row.subtask_id,
        item_index=row.item_index,
        attempt=row.attempt,
        agent_type=row.agent_type,
        status=TraceStatus(row.status),
        next_ms=row.next_ms,
        ended=TraceStatus(row.ended) if row.ended is not None else None,
        usage=json.loads(row.usage),
        error_code=row.error_code or "",
    )


def _approved(events: Sequence[EventRow]) -> frozenset[str]:
    found: set[str] = set()
    for event in events:
        if event.kind == "approved":
            found.add(json.loads(event.data)["subtask_id"])
        elif event.kind == "replanned":
            found.discard("")  # that was another plan
    return frozenset(found)


def _signal_of(event: EventRow) -> str:
    found: str = json.loads(event.data).get("signal_id", "")
    return found


def _with_signals(intent: Intent, events: Sequence[EventRow]) -> Intent:
    """Return an intent with what its attempt was given; the event beside it says so."""
    for event in events:
        if event.kind == "intent":
            about = json.loads(event.data)
            name = (about.get("subtask_id"), about.get("item_index"), about.get("attempt"))
            if name == (intent.subtask_id, intent.item_index, intent.attempt):
                given = about.get("signals", {})
                return replace(intent, signals=given, is_due=about.get("is_due", False))
    return intent
