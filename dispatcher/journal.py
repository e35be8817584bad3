"""The journal on storage: traces and values in one unit, secrets taken out, a JSON file per trace after it.

What is written is written redacted; what agents are given is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from contracts.plan import Plan
from contracts.run import Run
from contracts.trace import ExecutionTrace
from dispatcher.mirror import Mirror
from dispatcher.relay import Relay
from memory.rows import value_rows
from storage.database import Database, Statement
from storage.rows import insert_run, insert_trace, insert_value, update_run
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.rows import run_row, trace_row


class StorageJournal:
    """Keeps runs in one database and, where asked, each trace as a file.

    Args:
        database: Open for writing.
        files: Where trace files go; None for none.
        redactor: Takes secrets out of everything written.
    """

    def __init__(self, database: Database, *, files: TraceFiles | None, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor
        self._mirror = Mirror(files) if files is not None else None
        self._relay = Relay()
        self._plans: dict[str, Plan] = {}

    async def open(self, run: Run) -> None:
        """Keep a new run."""
        await self._commit([insert_run(run_row(self._clean_run(run)))])

    async def update(self, run: Run) -> None:
        """Keep a run's new state; one that ended also waits for its trace files."""
        await self._commit([update_run(run_row(self._clean_run(run)))])
        if run.state.is_final and self._mirror is not None:
            await self._relay.wait(self._mirror.flushed())

    async def put(
        self, traces: Sequence[ExecutionTrace], *, values: Mapping[str, JsonValue], written_by: str
    ) -> None:
        """Keep traces and the values a subtask wrote, in one transaction."""
        output_key = next(iter(values), "")
        cleaned = [self._redactor.trace(t, output_key=output_key) for t in traces]
        run_id = traces[0].task_id
        kept = self._redactor.values(values)
        by = self._redactor.name(written_by)
        await self._commit(
            [
                *(insert_trace(trace_row(t)) for t in cleaned),
                *(insert_value(row) for row in value_rows(run_id, kept, by=by)),
            ]
        )
        if self._mirror is not None:
            self._mirror.write(cleaned)

    @property
    def files_lost(self) -> int:
        """How many trace files could not be written."""
        return self._mirror.lost if self._mirror is not None else 0

    def close(self) -> None:
        """Write the files that wait; the database is its owner's to close."""
        if self._mirror is not None:
            self._mirror.close()

    async def _commit(self, statements: list[Statement]) -> None:
        await self._relay.wait(self._database.commit(statements))

    def _clean_run(self, run: Run) -> Run:
        """Redact a run; its plan, which does not change, only once."""
        known = self._plans.get(run.run_id)
        cleaned = self._redactor.run(run, plan=known)
        if cleaned.plan is not None and not run.state.is_final:
            self._plans[run.run_id] = cleaned.plan
        else:
            self._plans.pop(run.run_id, None)
        return cleaned
