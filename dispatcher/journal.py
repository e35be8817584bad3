"""The journal on storage: what one entry holds in one unit, secrets taken out, a JSON file per trace after it.

What is written is written redacted; what agents are given is not. Entries of
one turn of the loop reach the writer together, so they share a commit: a
result and the intent of the effect it leads to.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from pydantic import JsonValue

from contracts.effect import Effect
from contracts.errors import CallsheetError, Conflict, InvalidInput
from contracts.journal import (
    Done,
    Entry,
    IdempotencyKey,
    Opened,
    Receipt,
    Signal,
    Unfinished,
    Value,
)
from contracts.run import Run, RunState
from dispatcher.drafts import Draft, Drafting
from dispatcher.kept import Kept
from dispatcher.mirror import Mirror
from dispatcher.reply import DECISIONS
from storage.database import Database
from storage.journal_rows import forget_keys
from storage.telling import after_telling
from storage.unit import Fence, Unit
from traces.files import TraceFiles
from traces.receipts import KeptReceipt
from traces.redaction import Redactor

KEY_LIFE_MS: Final = 24 * 3600 * 1000
"""How long a caller's key is remembered."""
GATHER_S: Final = 0.002
"""Between two hand-overs of what nothing waits for: few large batches cost far less than many small ones."""


_PURE: Final = frozenset({"", Effect.PURE.value})


class StorageJournal:
    """Keeps runs in one database and, where asked, each trace as a file.

    Args:
        database: Open for writing.
        files: Where trace files go; None for none.
        redactor: Takes secrets out of everything written.
    """

    def __init__(self, database: Database, *, files: TraceFiles | None, redactor: Redactor) -> None:
        self._database = database
        self._mirror = Mirror(files) if files is not None else None
        self._kept = Kept(database.reader())
        self._drafting = Drafting(redactor)
        self._units: list[Unit] = []
        self._told: deque[tuple[Done, CallsheetError | None]] = deque()
        self._is_soon = False
        self._later: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._is_woken = False  # set by the writer's thread, cleared by the loop before it looks
        self._keys_forgotten_ms = 0
        self.traces_kept = 0
        """Since this process began."""
        self.runs_ended: Counter[str] = Counter()
        """State -> runs, likewise."""

    def create(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
        done: Done,
    ) -> None:
        """Keep a new run, its first event, its caller's key, and what it takes over."""
        draft, copies = self._drafting.created(run, key, kept)
        if key is not None and key.at_ms - self._keys_forgotten_ms > KEY_LIFE_MS // 24:
            self._keys_forgotten_ms = key.at_ms
            draft.statements.append(forget_keys(key.at_ms - KEY_LIFE_MS))
        if self._mirror is not None and copies:
            done = partial(self._mirrored, self._mirror, copies, done, False)  # the run goes on
        self._submit(draft, partial(_told_of_creation, done), None)

    def open(self, run_id: str, *, done: Done) -> Opened:
        """Return what is done and raise the epoch."""
        opened = self._kept.open(run_id)
        run = opened.run
        if run.state is RunState.AWAITING_APPROVAL:
            run = run.model_copy(update={"state": RunState.RUNNING if run.started_ms else RunState.QUEUED})
        draft = self._drafting.opened(run, opened.epoch)
        self._submit(draft, done, Fence(run_id, opened.epoch, opens=True))
        return opened if run is opened.run else replace(opened, run=run)

    def put(self, entry: Entry, done: Done) -> None:
        """Keep an entry, in the order given."""
        try:
            draft, copies = self._drafting.entry(entry)
        except InvalidInput as exc:
            # Nothing of it was handed over: the run's memory is ahead of its journal and is given up
            # here and now, so that nothing follows what is missing.
            done(exc)
            return
        closes = entry.run is not None and entry.run.state.is_final
        if copies or closes:
            ended = entry.run.state.value if entry.run is not None and closes else ""
            done = partial(self._counted, len(copies), ended, done)
        if self._mirror is not None and (copies or closes):
            done = partial(self._mirrored, self._mirror, copies, done, closes)
        self._submit(
            draft, done, Fence(entry.run_id, entry.epoch, closes=closes), is_urgent=_is_awaited(entry)
        )

    def signal(self, signal: Signal, done: Done) -> None:
        """Keep a signal and mark its run as due."""
        try:
            if signal.name not in DECISIONS:
                self._kept.check_room(signal.run_id)
        except CallsheetError as exc:
            done(exc)
            return
        draft = self._drafting.signal(signal)
        done = partial(self._signalled, signal.run_id, done)
        self._submit(draft, done, Fence(signal.run_id, None), is_urgent=True)

    def knows_signal(self, run_id: str, signal_id: str) -> bool:
        """Say whether a run was told this signal before."""
        return self._kept.knows_signal(run_id, signal_id)

    def flush(self, done: Done) -> None:
        """Tell when everything given so far is durable or has failed."""
        self._submit(Draft(), done, None, is_urgent=True)

    def output(self, trace_id: str) -> JsonValue:
        """Return what a kept attempt gave."""
        return self._kept.output(trace_id)

    def unfinished(self, *, after: int = 0, limit: int = 1000) -> Sequence[Unfinished]:
        """Return runs in state queued, planning or running that are not parked, by `seq`."""
        return self._kept.unfinished(after=after, limit=limit)

    def due(self, *, before_ms: int, limit: int = 1000) -> Sequence[Unfinished]:
        """Return parked runs whose time to be looked at has come, earliest first."""
        return self._kept.due(before_ms=before_ms, limit=limit)

    def next_due_ms(self, *, after_ms: int) -> int | None:
        """Return when the next parked run is due that is not due yet."""
        return self._kept.next_due_ms(after_ms=after_ms)

    def state(self, run_id: str) -> RunState | None:
        """Return a run's kept state."""
        return self._kept.state(run_id)

    @property
    def files_lost(self) -> int:
        """How many trace files could not be written."""
        return self._mirror.lost if self._mirror is not None else 0

    def close(self) -> None:
        """Write the files that wait; the database is its owner's to close."""
        if self._mirror is not None:
            self._mirror.close()

    def _submit(self, draft: Draft, done: Done, fence: Fence | None, *, is_urgent: bool = False) -> None:
        self._units.append(Unit(draft.statements, self._teller(done), fence, draft.blobs))
        if self._is_soon or (self._later is not None and not is_urgent):
            return
        loop = asyncio.get_running_loop()
        if not is_urgent and loop.time() < self._next_at:
            self._later = loop.call_at(self._next_at, self._hand_over)
            return
        self._is_soon = True
        if self._later is not None:
            self._later.cancel()
        loop.call_soon(self._hand_over)

    def _signalled(self, run_id: str, done: Done, error: CallsheetError | None) -> None:
        if error is not None and error.code == "journal.closed":
            self._drafting.forget(run_id)
        done(error)

    def _hand_over(self) -> None:
        self._is_soon, self._later = False, None
        self._next_at = asyncio.get_running_loop().time() + GATHER_S
        units, self._units = self._units, []
        self._database.submit(units)

    def _teller(self, done: Done) -> Done:
        """Return what the writer's thread tells, so that the loop is woken once for many."""
        return partial(self._note, asyncio.get_running_loop(), done)

    def _note(self, loop: asyncio.AbstractEventLoop, done: Done, error: CallsheetError | None) -> None:
        self._told.append((done, error))
        if not self._is_woken:
            self._is_woken = True
            after_telling(partial(self._wake, loop))

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():  # who ended its loop waits for nothing any more
            loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._is_woken = False
        told = self._told
        while told:
            done, error = told.popleft()
            done(error)

    def _counted(self, traces: int, ended: str, done: Done, error: CallsheetError | None) -> None:
        if error is None:
            self.traces_kept += traces
            if ended:
                self.runs_ended[ended] += 1
        done(error)

    def _mirrored(
        self,
        mirror: Mirror,
        copies: Sequence[KeptReceipt],
        done: Done,
        closes: bool,  # noqa: FBT001  # bound by partial
        error: CallsheetError | None,
    ) -> None:
        if error is None:
            mirror.write(copies)
        if not closes:
            done(error)
            return
        # a run has ended when its files are there too
        mirror.flushed(self._teller(partial(_told_in_full, done, error)))


def _is_awaited(entry: Entry) -> bool:
    """Say whether an attempt waits for an entry: for its intent, its key's inputs, or a place."""
    return entry.is_awaited or bool(entry.intents) or any(r.effect not in _PURE for r in entry.receipts)


def _told_in_full(done: Done, error: CallsheetError | None, _: CallsheetError | None) -> None:
    done(error)


def _told_of_creation(done: Done, error: CallsheetError | None) -> None:
    if isinstance(error, Conflict) and error.code == "storage.constraint":
        code = "request.key_used" if "request_key" in error.message else "run.exists"
        error = Conflict(code, "it was accepted before", hint="Ask for it by its key or its id.")
    done(error)
