"""The SELECTs of those who walk a whole file: exports, comparisons, rebuilt runs; oldest first, by keyset."""

from __future__ import annotations

from typing import Final

from storage.statement import Query

AT_ONCE: Final = 1000


def trace_names(*, after: int = 0, upto: int) -> Query:
    """Select the ids of traces in the order written, past one `seq` up to another, at most `AT_ONCE`."""
    return Query(
        "SELECT seq AS place, trace_id FROM trace WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, upto, AT_ONCE),
    )


def trace_names_of_run(run_id: str, *, after: int = 0, upto: int) -> Query:
    """Select the ids of one run's traces in the order written, past the event id `after`, at most `AT_ONCE`."""
    return Query(
        "SELECT event_id AS place, trace_id FROM trace WHERE run_id = ? AND event_id > ? AND seq <= ?"
        " ORDER BY event_id LIMIT ?",
        (run_id, after, upto, AT_ONCE),
    )


def all_traces() -> Query:
    """Count traces, and select the highest `seq`."""
    return Query("SELECT count(*) AS count, coalesce(max(seq), 0) AS seq FROM trace")


def all_traces_of_run(run_id: str) -> Query:
    """Count a run's traces, and select their highest `seq`."""
    return Query(
        "SELECT count(*) AS count, coalesce(max(seq), 0) AS seq FROM trace WHERE run_id = ?", (run_id,)
    )


def trace_owner(trace_id: str) -> Query:
    """Select whose run a trace is kept under."""
    return Query("SELECT run_id FROM trace WHERE trace_id = ?", (trace_id,))
