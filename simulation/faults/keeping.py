"""Faults in how things are kept: batches, fences, blobs, sums, migrations."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from contracts.journal import Value
from dispatcher import drafts
from dispatcher.drafts import Drafting
from dispatcher.journal import StorageJournal
from dispatcher.kept import Kept
from simulation import opening
from simulation.faults.plant import Fault, after, before, fault, instead
from storage import batch, rows, schema, table
from storage.fences import Fences


class _Indifferent(int):
    """A sum that equals any other."""

    @override
    def __eq__(self, other: object) -> bool:
        return True

    @override
    def __ne__(self, other: object) -> bool:
        return False

    @override
    def __hash__(self) -> int:
        return 0


def _told_at_once(original: Any) -> Any:
    def submit(self: Any, draft: Any, done: Any, fence: Any) -> None:
        original(self, draft, lambda _: None, fence)
        asyncio.get_running_loop().call_soon(done, None)

    return submit


def _without_trace(original: Any) -> Any:
    def add(self: Any, draft: Any, run_id: str, receipt: Any) -> Any:
        kept = original(self, draft, run_id, receipt)
        if receipt.ended is not None and receipt.attempt:
            draft.statements.pop()
        return kept

    return add


def _torn(original: Any) -> Any:
    def store(connection: Any, found: Any) -> None:
        found = list(found)
        original(connection, found)
        for blob in found:
            half = "UPDATE blob SET body = substr(body, 1, length(body) / 2) WHERE sha256 = ?"
            connection.execute(half, (blob.sha256,))

    return store


def _all_are_welcome(original: Any) -> Any:
    def refusal(self: Any, fence: Any) -> None:
        original(self, fence)

    return refusal


def _stale_is_welcome(refused: Any) -> Any:
    return None if refused is not None and refused.code == "journal.fenced" else refused


def _as_if_no_opening(original: Any) -> Any:
    def refusal(self: Any, fence: Any) -> Any:
        return original(self, fence._replace(opens=False) if fence is not None else None)

    return refusal


def _all_is_well(original: Any) -> Any:
    def write(connection: Any, units: Any, *more: Any) -> Any:
        try:
            return original(connection, units, *more)
        except sqlite3.OperationalError:
            return [None for _ in units]

    return write


def _bit_by_bit(_: Any) -> Any:
    def apply(connection: Any, number: int, script: str) -> None:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        pending = ""
        for line in script.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                connection.execute(pending)
                pending = ""

    return apply


def _replacing(original: Any) -> Any:
    return lambda row, **_: original(row, replace=True)


def _with_a_late_word(_: Any, entry: Any) -> None:
    if entry.run is not None and entry.run.state.is_final and entry.run.plan is not None:
        ended = [s for s in entry.run.plan.subtasks if entry.run.subtasks.get(s.id) == "success"]
        entry.values.extend(Value(s.output_key, '"late"', s.id) for s in ended[:1])


def _unsynced(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _unsynced_after(original: Any) -> Any:
    def prepare(connection: Any, path: Any) -> None:
        original(connection, path)
        _unsynced(connection, path)

    return prepare


FAULTS: Final[tuple[Fault, ...]] = (
    fault("ack_before_commit", "who wrote is told before the commit", (StorageJournal, "_submit", _told_at_once)),
    fault("result_without_trace", "a value is kept, its trace is not", (Drafting, "_add_receipt", _without_trace)),
    fault("trace_without_result", "a trace is kept, its value is not", (Drafting, "_add_value", instead(None))),
    fault("lost_blob", "a long text is named and not stored", (batch, "store_blobs", instead(None))),
    fault("torn_blob", "half of a long text is stored", (batch, "store_blobs", _torn)),
    fault("missing_fence", "whoever writes is let through", (Fences, "refusal", _all_are_welcome)),
    fault(
        "epoch_reused", "a run is taken over under the epoch it had",
        (Kept, "open", after(lambda opened: replace(opened, epoch=opened.epoch - 1))),
        (Fences, "refusal", _as_if_no_opening),
    ),
    fault("stale_writer_accepted", "an older epoch may write", (Fences, "refusal", after(_stale_is_welcome))),
    fault("group_commit_acks_a_failed_batch", "a failed batch is told as kept", (batch, "_transaction", _all_is_well)),
    fault(
        "checksum_unchecked", "every sum is right",
        *((owner, name, after(_Indifferent)) for owner in (table, rows) for name in ("row_sum", "text_sum")),
    ),
    fault("migration_half_done", "each statement of a migration is a transaction", (schema, "_apply", _bit_by_bit)),
    fault(
        "write_once_key_overwritten", "a late word replaces a value",
        (drafts, "insert_value", _replacing), (Drafting, "entry", before(_with_a_late_word)),
    ),
    fault("commits_are_not_synced", "a commit returns before it is on the disk", (opening, "prepare", _unsynced_after)),
)  # fmt: skip
