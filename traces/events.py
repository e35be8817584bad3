"""A run's events as stored, attempts among them, in the order of their numbers, which have no gaps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import Damaged
from storage.failure import CHECK_HINT
from storage.journal_rows import read_event
from storage.queries import events_of_run, last_event, run_line, traces_of_run
from storage.reader import Reader
from storage.rows import TraceRow, read_trace_head
from storage.table import Row
from traces.reading import check_end, own_rows

ATTEMPT_ENDED: Final = "attempt_ended"

_SHOWN: Final = (
    "trace_id", "subtask_id", "agent_type", "attempt", "item_index", "status", "started_ms", "duration_ms",
    "preview", "error_code", "next_ms", "ended",
)  # fmt: skip
"""What an event says of an attempt."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event of a run."""

    event_id: int
    """Counts from 1 in its run, without gaps."""
    kind: str
    """`attempt_ended`, or what became of the run."""
    at_ms: int
    """Unix milliseconds."""
    body: dict[str, Any]
    """JSON."""


class EventStore:
    """Answers what happened in a run."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def last(self, run_id: str) -> int:
        """Return the number of a run's last event; 0 where it has none."""
        (row,) = self._reader.query(*last_event(run_id))
        found: int = row["event_id"]
        return found

    def of_run(self, run_id: str, *, after: int = 0, limit: int = 500) -> tuple[EventLine, ...]:
        """Return a run's events past the number `after`, oldest first; none for an unknown run.

        Raises:
            Damaged: `storage.damaged`; also when a number is missing, or the end of a run that is over.
        """
        events, attempts, runs = self._reader.query_all(
            [
                events_of_run(run_id, after=after, limit=limit),
                traces_of_run(run_id, after=after, limit=limit),
                run_line(run_id),
            ]
        )
        lines = [*map(_event_line, own_rows(events, run_id)), *map(_attempt_line, own_rows(attempts, run_id))]
        lines.sort(key=lambda line: line.event_id)
        shown = lines[:limit]
        for expected, line in enumerate(shown, after + 1):
            if line.event_id != expected:
                raise _gap(run_id, expected)
        if runs and len(lines) < limit and (shown or not after):
            check_end(run_id, runs[0]["state"], shown[-1].kind if shown else "")
        return tuple(shown)


def _event_line(row: Row) -> EventLine:
    kept = read_event(row)
    return EventLine(kept.event_id, kept.kind, kept.at_ms, json.loads(kept.data))


def _attempt_line(row: Row) -> EventLine:
    kept: TraceRow = read_trace_head(row)
    at_ms = kept.started_ms + int(kept.duration_ms)
    return EventLine(kept.event_id, ATTEMPT_ENDED, at_ms, {name: getattr(kept, name) for name in _SHOWN})


def _gap(run_id: str, event_id: int) -> Damaged:
    return Damaged(
        "storage.damaged",
        f"event {event_id} of run {run_id[:80]!r} is missing",
        where=f"run {run_id[:80]}",
        hint=CHECK_HINT,
    )
