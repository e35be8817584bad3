"""Runs as stored: one by its id, many by page, and the context each built."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from contracts.errors import NotFound
from contracts.plan import Plan
from contracts.run import Run
from storage.queries import plan_by_id, run_by_id, run_page, values_of_run
from storage.reader import Reader
from storage.rows import read_value
from traces.cursor import check_limit, read_cursor, write_cursor
from traces.reading import own_rows, plan_from, run_from, value_text
from traces.summary import RunSummary, run_summary

KIND: Final = "run"


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs of a list."""

    runs: tuple[RunSummary, ...]
    next: str | None
    """The cursor of the page behind this one; None where there is none."""


class RunStore:
    """Answers what was run."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get(self, run_id: str) -> Run:
        """Return one run, whole.

        Raises:
            NotFound: `run.unknown`.
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*run_by_id(run_id)), run_id)
        if not rows:
            raise NotFound("run.unknown", f"no run is called {run_id[:80]!r}")
        return run_from(rows[0], self._reader)

    def plan(self, plan_id: str) -> Plan | None:
        """Return a plan that some run went by, or goes by; None for an unknown one.

        Raises:
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*plan_by_id(plan_id)), plan_id, column="plan_id")
        return plan_from(rows[0], self._reader) if rows else None

    def page(self, *, state: str | None = None, limit: int = 50, after: str | None = None) -> RunPage:
        """Return the runs behind a cursor, newest first.

        Raises:
            InvalidInput: `run.bad_cursor`, `run.bad_limit`.
            Damaged: `storage.damaged`.
        """
        before = read_cursor(KIND, after)
        rows = self._reader.query(*run_page(state=state, before=before, limit=check_limit(KIND, limit) + 1))
        shown = rows[:limit]
        more = write_cursor(KIND, shown[-1]["seq"]) if len(rows) > limit else None
        return RunPage(tuple(run_summary(row) for row in shown), more)

    def values(self, run_id: str) -> dict[str, JsonValue]:
        """Return the run's context as it was kept, by key; empty for an unknown run.

        Raises:
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*values_of_run(run_id)), run_id)
        return {row["key"]: json.loads(value_text(row, self._reader)) for row in rows}

    def writers(self, run_id: str) -> dict[str, str]:
        """Return the subtask that wrote each key of the run's context.

        Raises:
            Damaged: `storage.damaged`.
        """
        kept = own_rows(self._reader.query(*values_of_run(run_id)), run_id)
        rows = [read_value(row) for row in kept]
        return {row.key: row.written_by for row in rows}
