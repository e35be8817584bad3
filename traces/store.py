"""Traces as stored: one by its id, many by page, newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from contracts.errors import NotFound
from contracts.priors import Past
from contracts.trace import ExecutionTrace
from storage.queries import bodies_of_run, trace_by_id, trace_page, traces_of_run
from storage.reader import Reader
from traces.cursor import check_limit, read_cursor, write_cursor
from traces.priors import past_of
from traces.reading import own_rows, trace_from
from traces.summary import TraceSummary, trace_summary

KIND: Final = "trace"

_BODIES_AT_ONCE: Final = 20
_LINES_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Which traces a list shows; a name nobody bears fits none."""

    run_id: str | None = None
    agent: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces of a list."""

    traces: tuple[TraceSummary, ...]
    next: str | None
    """The cursor of the page behind this one; None where there is none."""


class TraceStore:
    """Answers what was traced."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get(self, trace_id: str) -> ExecutionTrace:
        """Return one trace, whole.

        Raises:
            NotFound: `trace.unknown`.
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*trace_by_id(trace_id)), trace_id, column="trace_id")
        if not rows:
            raise NotFound(
                "trace.unknown",
                f"no trace is called {trace_id[:80]!r}",
                hint="List them: callsheet traces list",
            )
        return trace_from(rows[0], self._reader)

    def page(
        self, wanted: TraceFilter | None = None, *, limit: int = 50, after: str | None = None
    ) -> TracePage:
        """Return the traces behind a cursor, newest first.

        A trace that arrives meanwhile stands before the first page, so who walks
        on by `next` meets each trace once.

        Raises:
            InvalidInput: `trace.bad_cursor`, `trace.bad_limit`.
            Damaged: `storage.damaged`.
        """
        asked = wanted or TraceFilter()
        rows = self._reader.query(
            *trace_page(
                run_id=asked.run_id,
                agent=asked.agent,
                status=asked.status,
                before=read_cursor(KIND, after),
                limit=check_limit(KIND, limit) + 1,
            )
        )
        shown = rows[:limit]
        more = write_cursor(KIND, shown[-1]["seq"]) if len(rows) > limit else None
        return TracePage(tuple(trace_summary(row) for row in shown), more)

    def past(self, agents: Collection[str], *, plan_id: str = "") -> Past:
        """Return what is known from before of a plan's agents, and of the plan itself where it ran."""
        return past_of(self._reader, agents, plan_id=plan_id)

    def of_run(self, run_id: str) -> tuple[TraceSummary, ...]:
        """Return every trace of a run, in the order they were written; none for an unknown run."""
        found: list[TraceSummary] = []
        after = 0
        while rows := self._reader.query(*traces_of_run(run_id, after=after, limit=_LINES_AT_ONCE)):
            found.extend(trace_summary(row) for row in own_rows(rows, run_id))
            after = rows[-1]["event_id"]
        return tuple(found)

    def whole_of_run(self, run_id: str) -> Iterator[ExecutionTrace]:
        """Yield every trace of a run, whole, a few in memory at a time."""
        after = 0
        while rows := self._reader.query(*bodies_of_run(run_id, after=after, limit=_BODIES_AT_ONCE)):
            yield from (trace_from(row, self._reader) for row in own_rows(rows, run_id))
            after = rows[-1]["event_id"]
