"""The journal on storage: traces and values in one unit, secrets taken out, a JSON file per trace after it.

What is written is written redacted; what agents are given is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from pydantic import JsonValue

from contracts.errors import CallsheetError
from contracts.run import Run
from contracts.trace import ExecutionTrace
from memory.rows import value_rows
from storage.database import Database, Statement
from storage.rows import insert_run, insert_trace, insert_value, update_run
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.rows import run_row, trace_row

_log = structlog.get_logger(__name__)


class StorageJournal:
    """Keeps runs in one database and, where asked, each trace as a file.

    Args:
        database: Open for writing.
        files: Where trace files go; None for none.
        redactor: Takes secrets out of everything written.
    """

    def __init__(self, database: Database, *, files: TraceFiles | None, redactor: Redactor) -> None:
        self._database = database
        self._files = files
        self._redactor = redactor
        self._mirror = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trace-files")
        self._mirrored: dict[str, list[Future[None]]] = {}
        self.files_lost = 0

    async def open(self, run: Run) -> None:
        """Keep a new run."""
        await self._commit([insert_run(run_row(self._clean_run(run)))])

    async def update(self, run: Run) -> None:
        """Keep a run's new state; one that ended also waits for its trace files."""
        await self._commit([update_run(run_row(self._clean_run(run)))])
        if run.state.is_final:
            waiting = self._mirrored.pop(run.run_id, [])
            await asyncio.gather(*(asyncio.wrap_future(f) for f in waiting if not f.done()))

    async def put(
        self, traces: Sequence[ExecutionTrace], *, values: Mapping[str, JsonValue], written_by: str
    ) -> None:
        """Keep traces and the values a subtask wrote, in one transaction."""
        cleaned = [self._redactor.trace(t) for t in traces]
        run_id = traces[0].task_id
        kept = {key: self._redactor.value(value) for key, value in values.items()}
        await self._commit(
            [
                *(insert_trace(trace_row(t)) for t in cleaned),
                *(insert_value(row) for row in value_rows(run_id, kept, by=written_by)),
            ]
        )
        if self._files is not None:
            written = self._mirrored.setdefault(run_id, [])
            written.extend(self._mirror.submit(self._write_file, t) for t in cleaned)

    def close(self) -> None:
        """Write the files that wait; the database is its owner's to close."""
        self._mirror.shutdown(wait=True)

    async def _commit(self, statements: list[Statement]) -> None:
        await asyncio.wrap_future(self._database.commit(statements))

    def _write_file(self, trace: ExecutionTrace) -> None:
        assert self._files is not None
        try:
            self._files.write(trace)
        except (CallsheetError, OSError) as exc:
            # the trace is in the database; `traces` can write its file again
            self.files_lost += 1
            _log.error("trace_file_lost", trace_id=trace.trace_id, error=str(exc))

    def _clean_run(self, run: Run) -> Run:
        return Run.model_validate(self._redactor.value(run.model_dump(mode="json", exclude_unset=True)))
