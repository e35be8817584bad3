"""Trace files back into a database: one that lost them, or a new one.

What the database has already stays as it is, so a second time adds nothing. A
run that only its traces tell of gets a row made of them: how its subtasks
ended, when it began and ended; its plan and its result are not in them. A run
that is not over is left alone: its journal says how it goes on, and traces put
into it from elsewhere would not fit the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError, Conflict, InvalidInput, NotFound
from contracts.trace import ExecutionTrace
from storage.blobs import Blob
from storage.database import Database
from storage.findings import Progress, silent
from storage.journal_rows import insert_event
from storage.queries import last_event
from storage.reader import Reader
from storage.rows import insert_run, insert_trace, update_run
from storage.statement import Statement
from storage.walks import trace_owner
from traces.events import EventStore
from traces.folder import Filed, in_written_order, trace_file_names
from traces.loading import load_trace
from traces.rebuilt import final_event, is_rebuilt, queued_event, rebuilt_run
from traces.rows import run_row, trace_row
from traces.runs_store import RunStore
from traces.store import TraceStore

MAX_NAMED: Final = 100
"""Files that are named; all are counted."""

MAX_SECONDS: Final = 2**53
"""Since 1970, of a trace's start, either way."""

_AT_ONCE: Final = 100
"""Traces in one unit."""
_BYTES_AT_ONCE: Final = 8 * 1024 * 1024
"""Of files, in one unit; a larger file is one alone."""
_UNFIT: Final = (InvalidInput, Conflict, OverflowError)
"""What a trace is refused with that no row can hold."""

Clean = Callable[[ExecutionTrace], ExecutionTrace]


@dataclass(frozen=True, slots=True)
class Left:
    """A file that was left out."""

    file: str
    code: str
    message: str


@dataclass(slots=True)
class Reindexed:
    """What was done."""

    added: int = 0
    there: int = 0
    """Traces the database had already."""
    runs: int = 0
    """Made of their traces."""
    left: int = 0
    """Files left out."""
    named: list[Left] = field(default_factory=list)
    """The first of those."""

    def leave(self, file: str, why: Exception) -> None:
        """Note a file that is left out."""
        self.left += 1
        if len(self.named) < MAX_NAMED:
            code = why.code if isinstance(why, CallsheetError) else "trace.malformed"
            self.named.append(Left(file, code, str(why)[:300]))


def reindex(
    database: Database,
    folder: Path,
    *,
    clean: Clean = lambda trace: trace,
    progress: Progress = silent,
) -> Reindexed:
    """Keep every trace that lies as a file in a folder.

    Args:
        database: Open for writing.
        folder: Its `*.json`, not those of folders in it.
        clean: Takes secrets out: a file may come from anywhere.
        progress: Told how far it is.

    Raises:
        NotFound: `trace.no_folder`.
        Unavailable: `storage.full`, `storage.write_failed`; what was kept until then stays.
    """
    names = trace_file_names(folder)
    with database.reader() as reader:
        work = _Reindexing(database, reader, folder, clean)
        for done, name in enumerate(names, 1):
            work.look_at(name)
            progress("files looked at", done, len(names))
        order = in_written_order(work.new.values())
        for done, filed in enumerate(order, 1):
            work.keep(filed)
            progress("traces kept", done, len(order))
        work.flush()
        for run_id in sorted(work.homes):
            work.finish(run_id)
    return work.done


class _Reindexing:
    """First a look at every file, then a second one at what is new: few whole traces are in memory at once."""

    def __init__(self, database: Database, reader: Reader, folder: Path, clean: Clean) -> None:
        self._database = database
        self._reader = reader
        self._folder = folder
        self._clean = clean
        self._runs, self._traces = RunStore(reader), TraceStore(reader)
        self._last: dict[str, int] = {}
        self._batch: list[tuple[str, ExecutionTrace]] = []
        self._bytes = 0
        self.new: dict[str, Filed] = {}
        self.homes: dict[str, CallsheetError | None] = {}
        self.done = Reindexed()

    def look_at(self, name: str) -> None:
        """Sort a file: there already, new, or of no use."""
        try:
            filed = Filed.of(name, self._clean(load_trace(self._folder / name)))
            _require_a_time(filed)
            self._look_for_home(filed.run_id)
            owner = self._reader.query(*trace_owner(filed.trace_id))
        except CallsheetError as exc:
            self.done.leave(name, exc)
            return
        if owner:
            self.done.there += 1
        elif (refusal := self.homes[filed.run_id]) is not None:
            self.done.leave(name, refusal)
        elif filed.trace_id in self.new:
            held = f"{self.new[filed.trace_id].name!r} holds trace {filed.trace_id!r} already"
            self.done.leave(name, Conflict("trace.twice", held))
        else:
            self.new[filed.trace_id] = filed

    def keep(self, filed: Filed) -> None:
        """Have a new trace kept, soon."""
        path = self._folder / filed.name
        try:
            trace, size = self._clean(load_trace(path)), path.stat().st_size
        except (CallsheetError, OSError) as exc:
            self.done.leave(filed.name, exc)
            return
        if len(self._batch) >= _AT_ONCE or self._bytes + size > _BYTES_AT_ONCE:
            self.flush()
        self._batch.append((filed.name, trace))
        self._bytes += size

    def flush(self) -> None:
        """Keep what waits; where that cannot be, each trace by itself."""
        batch, self._batch, self._bytes = self._batch, [], 0
        try:
            self._commit(batch)
        except _UNFIT:
            for name, trace in batch:
                try:
                    self._commit([(name, trace)])
                except _UNFIT as exc:
                    self.done.leave(name, exc)

    def finish(self, run_id: str) -> None:
        """Write how a run that is made of its traces ended, where that is not what is kept."""
        if not is_rebuilt(EventStore(self._reader).of_run(run_id, limit=1)):
            return
        run = rebuilt_run(run_id, self._traces.of_run(run_id))
        number = self._number(run_id)
        if run == self._runs.get(run_id) and self._is_told(run_id, number, run.state.value):
            return
        kept = run_row(run)
        statements = [update_run(kept.row), insert_event(final_event(run, number + 1))]
        self._database.commit(statements, blobs=kept.blobs).result()

    def _look_for_home(self, run_id: str) -> None:
        if run_id in self.homes:
            return
        try:
            run = self._runs.get(run_id)
        except NotFound:
            self.homes[run_id] = None
        except CallsheetError as exc:
            self.homes[run_id] = exc
        else:
            over = f"run {run_id[:80]!r} is {run.state.value} in this database"
            self.homes[run_id] = None if run.state.is_final else Conflict("run.unfinished", over)

    def _commit(self, batch: Sequence[tuple[str, ExecutionTrace]]) -> None:
        statements: list[Statement] = []
        blobs: list[Blob] = []
        last: dict[str, int] = {}
        made = 0
        for _, trace in batch:
            number = last.get(trace.task_id) or self._number(trace.task_id)
            if not number:
                run = rebuilt_run(trace.task_id, ())
                statements += [insert_run(run_row(run).row), insert_event(queued_event(run))]
                number, made = 1, made + 1
            kept = trace_row(trace, event_id=number + 1)
            statements.append(insert_trace(kept.row))
            blobs += kept.blobs
            last[trace.task_id] = number + 1
        self._database.commit(statements, blobs=blobs).result()
        self._last |= last
        self.done.added += len(batch)
        self.done.runs += made

    def _number(self, run_id: str) -> int:
        if run_id not in self._last:
            self._last[run_id] = self._reader.query(*last_event(run_id))[0]["event_id"]
        return self._last[run_id]

    def _is_told(self, run_id: str, number: int, state: str) -> bool:
        newest = EventStore(self._reader).of_run(run_id, after=number - 1, limit=1)
        return bool(newest) and newest[0].kind == state


def _require_a_time(filed: Filed) -> None:
    if not -MAX_SECONDS < filed.timestamp < MAX_SECONDS:
        raise InvalidInput(
            "trace.malformed", f"trace {filed.trace_id!r} is of no time a file could be named by"
        )
