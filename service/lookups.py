"""What the service asks the journal's tables beside runs and traces: waits, names of requests, whether a run is over."""

from __future__ import annotations

import asyncio
import json
from typing import Literal, cast

from contracts.errors import NotFound
from contracts.journal import Wait
from contracts.run import RunState
from service.idempotency import Made
from storage.database import Database, Reader
from storage.journal_rows import WaitRow, forget_keys, read_event, read_key, read_wait
from storage.queries import holds_of_run, key_by_name, run_line, waits_of_run
from storage.rows import read_line
from traces.reading import own_rows


class Lookups:
    """Asks one database.

    Args:
        reader: Of the file.
        database: Its writer.
    """

    def __init__(self, reader: Reader, database: Database) -> None:
        self._reader = reader
        self._database = database

    def is_over(self, run_id: str) -> bool:
        """Return whether a run has ended; reads no plan and no result.

        Raises:
            NotFound: `run.unknown`.
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*run_line(run_id)), run_id)
        if not rows:
            raise NotFound("run.unknown", f"no run is called {run_id[:80]!r}")
        return RunState(read_line(rows[0]).state).is_final

    def waits(self, run_id: str) -> tuple[Wait, ...]:
        """Return what a run waits for; nothing for an unknown one.

        Raises:
            Damaged: `storage.damaged`.
        """
        return waits_of(self._reader, run_id)

    def made(self, name: str) -> Made | None:
        """Return the run that a named request made.

        Raises:
            Damaged: `storage.damaged`.
        """
        rows = own_rows(self._reader.query(*key_by_name(name)), name, column="key")
        if not rows:
            return None
        key = read_key(rows[0])
        return Made(key.fingerprint, key.run_id, key.at_ms)

    async def forget(self, before_ms: int) -> None:
        """Forget the names of requests made before a time; durable on return."""
        await asyncio.wrap_future(self._database.commit([forget_keys(before_ms)]))


def waits_of(reader: Reader, run_id: str) -> tuple[Wait, ...]:
    """Return what a run waits for; nothing for an unknown one.

    Raises:
        Damaged: `storage.damaged`.
    """
    found = [read_wait(row) for row in own_rows(reader.query(*waits_of_run(run_id)), run_id)]
    if not any(row.kind == "approval" and row.subtask_id for row in found):
        return tuple(_wait(row) for row in found)
    held = [json.loads(read_event(row).data) for row in own_rows(reader.query(*holds_of_run(run_id)), run_id)]
    reasons = {about["subtask_id"]: str(about["why"]) for about in held}
    return tuple(_wait(row, reasons.get(row.subtask_id, "")) for row in found)


def _wait(row: WaitRow, why: str = "") -> Wait:
    kind = cast("Literal['approval', 'signal', 'timer']", row.kind)
    why = why if kind == "approval" else ""
    return Wait(row.subtask_id, row.item_index, kind, row.name, row.until_ms, row.since_ms, why)
