"""An engine that keeps what it is told in the real database, and does what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.engine import Place
from contracts.errors import CallsheetError, Conflict
from contracts.journal import IdempotencyKey, Receipt, Signal, StateKind, Value
from contracts.run import Run, RunEvent, RunState
from service.events import EventHub
from storage.database import Database, Statement
from storage.journal_rows import EventRow, KeyRow, insert_event, insert_key
from storage.queries import last_event
from storage.rows import insert_plan, insert_run, update_run
from traces.redaction import Redactor
from traces.rows import plan_row, run_row
from traces.runs_store import RunStore

NOON: Final = 1_794_916_800_000
"""17 Nov 2026, 12:00 UTC."""
NO_SECRETS: Final = Redactor(())


@dataclass
class ScriptedEngine:
    """Keeps what it is told in the real database, and ends a run when a test says so."""

    database: Database
    runs: RunStore
    hub: EventHub
    ended: dict[str, asyncio.Event] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    taken_over: list[tuple[Receipt, Value | None]] = field(default_factory=list)
    refusal: CallsheetError | None = None
    """Met by every run that is submitted."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Runs are taken in while it is set."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a run has come to be taken in."""
    ends_at_once: bool = False
    keeps: Callable[[Run], Run] = NO_SECRETS.run
    """What becomes of a run on its way into the database."""
    made: int = 0
    drains: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def submit(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.set()
        # as with the real one, who asked for it may go meanwhile
        await asyncio.shield(asyncio.ensure_future(self._take(run, key, kept)))

    async def _take(
        self, run: Run, key: IdempotencyKey | None, kept: Sequence[tuple[Receipt, Value | None]]
    ) -> None:
        await self.gate.wait()
        named = [insert_key(KeyRow(key.key, key.fingerprint, run.run_id, key.at_ms))] if key else []
        try:
            self.database.commit([*run_statements(self.keeps(run)), *named]).result()
        except CallsheetError as exc:
            raise Conflict("request.key_used", "the key is there already") from exc
        self.made += 1
        self.ended[run.run_id] = asyncio.Event()
        self.taken_over += kept
        self.tell(run.run_id, "queued")
        if self.ends_at_once:
            self.end(run)

    async def cancel(self, run_id: str, reason: str) -> bool:
        if run_id not in self.ended:
            return False
        self.end(self.runs.get(run_id), RunState.CANCELLED)
        return True

    async def signal(self, signal: Signal) -> None:
        if self.runs.get(signal.run_id).state.is_final:
            raise Conflict("run.ended", "it is over")
        if signal.signal_id not in {s.signal_id for s in self.signals}:
            self.signals.append(signal)

    async def wake(self, run_id: str) -> None:
        """Nothing sleeps here."""

    def status(self, run_id: str) -> Place:
        return "active" if run_id in self.ended else "absent"

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        try:
            await asyncio.wait_for(self.ended[run_id].wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def run_worker(self) -> None:
        """There is nothing to take up."""

    async def drain(self, timeout_s: float) -> None:
        self.drains += 1

    def tell(self, run_id: str, kind: StateKind, **data: Any) -> int:
        """Keep an event of a run and tell who watches; return its number."""
        (row,) = self.database.reader().query(*last_event(run_id))
        number: int = row["event_id"] + 1
        self.database.commit([insert_event(EventRow(run_id, number, kind, NOON, json.dumps(data)))]).result()
        self.hub(RunEvent(kind="state", run_id=run_id, at_ms=NOON, event_id=number))
        return number

    def end(self, run: Run, state: RunState = RunState.SUCCEEDED) -> None:
        ended = run.model_copy(update={"state": state, "ended_ms": run.created_ms + 5})
        self.database.commit([update_run(run_row(ended).row)]).result()
        self.tell(run.run_id, state.value)
        self.ended[run.run_id].set()


def run_statements(run: Run) -> list[Statement]:
    """Return what keeps a run and its plan."""
    plan = [insert_plan(plan_row(run.plan).row)] if run.plan else []
    return [*plan, insert_run(run_row(run).row)]
