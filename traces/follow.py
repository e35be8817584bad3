"""Traces as they arrive: how many there are, which came last, what came since."""

from __future__ import annotations

from typing import Final

from storage.queries import newest_trace, trace_count, traces_since
from storage.reader import Reader
from traces.store import TraceFilter
from traces.summary import TraceSummary, trace_summary

AT_ONCE: Final = 500


class TraceFollower:
    """Hands out each trace once, oldest first, from the moment it is made.

    Args:
        reader: Of the database that is being written.
        wanted: Which traces to hand out.
    """

    def __init__(self, reader: Reader, wanted: TraceFilter) -> None:
        self._reader = reader
        self._wanted = wanted
        self._seen: int = reader.query(*newest_trace())[0]["seq"]

    def fresh(self) -> tuple[TraceSummary, ...]:
        """Return what was written since the last call, at most `AT_ONCE` of it."""
        wanted = self._wanted
        rows = self._reader.query(
            *traces_since(
                self._seen, run_id=wanted.run_id, agent=wanted.agent, status=wanted.status, limit=AT_ONCE
            )
        )
        if rows:
            self._seen = rows[-1]["seq"]
        return tuple(trace_summary(row) for row in rows)


def count_of_run(reader: Reader, run_id: str) -> int:
    """Return how many traces a run has."""
    found: int = reader.query(*trace_count(run_id))[0]["count"]
    return found
