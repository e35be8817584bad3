"""Faults in the file alone: units, sums, blobs, pages, and what one row says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dispatcher import drafts, journal, run_rows
from dispatcher.active import ActiveRuns
from simulation.faults.plant import Fault, Place, fault, instead
from storage import batch, blobs
from storage.batch import Connection
from storage.fences import Fences
from storage.statement import Statement
from storage.table import Table

NOTHING: Final = Statement("SELECT 1")


def _half_done(original: Any) -> Any:
    def alone(connection: Connection, unit: Any, fences: Fences) -> Any:
        refused = original(connection, unit, fences)
        if refused is not None and not refused.code.startswith("journal."):
            sql, parameters, _ = unit.statements[0]
            connection.execute(sql.replace("INSERT INTO", "INSERT OR IGNORE INTO"), parameters)
        return refused

    return alone


def _without_the_rest(original: Any) -> Any:
    def chunks(found: Any) -> Any:
        sizes = list(original(found))
        return sizes if len(sizes) < 2 else sizes[:-1]

    return chunks


def _but_one(original: Any) -> Any:
    return lambda self, stored: original(self, (*stored[:-1], None))


def _by_its_start(original: Any) -> Any:
    return lambda raw: original(raw[:40])


def _then_not_ended(original: Any) -> Any:
    def passed(self: Any, fence: Any) -> None:
        original(self, fence)
        if fence is not None and fence.closes:
            known = vars(self)["_known"]
            known[fence.run_id] = known[fence.run_id]._replace(is_over=False)

    return passed


def _then_no_more(original: Any) -> Any:
    def read(self: Any, seq: Any) -> None:
        original(self, seq)
        vars(self)["_unread"] = None

    return read


def _as_it_was(kind: str, **columns: Any) -> Place:
    """Write other columns than there were."""
    return drafts, kind, lambda original: lambda row: original(replace(row, **columns))


FAULTS: Final[tuple[Fault, ...]] = (
    fault("unit_half_kept", "a unit that fails leaves its first row", (batch, "_alone", _half_done)),
    fault("last_rows_left_out", "the last of many rows are not written", (batch, "_chunks", _without_the_rest)),
    fault("column_outside_the_sum", "one column is in no sum", (Table, "sum_of", _but_one)),
    fault("blob_named_by_its_start", "two texts that begin alike are one", (blobs, "sha256", _by_its_start)),
    fault("broken_writes_followed", "what follows a lost write is kept", (Fences, "_is_broken", instead(value=False))),
    fault("end_forgotten_in_its_batch", "a batch writes on behind an end", (Fences, "passed", _then_not_ended)),
    fault("unread_pages", "only the first unfinished runs are read", (ActiveRuns, "_read_unfinished", _then_no_more)),
    fault("keys_forgotten_at_once", "a caller's key is forgotten too soon", (journal, "KEY_LIFE_MS", lambda _: -1)),
    fault("signal_never_taken", "no signal is marked as used", (drafts, "take_signal", instead(NOTHING))),
    fault("wait_never_deleted", "what was waited for is waited for", (drafts, "delete_wait", instead(NOTHING))),
    fault("plan_not_kept", "a run names a plan nobody kept", (run_rows, "insert_plan", instead(NOTHING))),
    fault("cancel_reason_not_kept", "why a run stops is not written", _as_it_was("update_run", cancel_reason=None)),
    fault("time_left_not_kept", "a parked run forgets its time", _as_it_was("update_run", left_ms=None)),
    fault("root_not_kept", "a retry of a retry forgets the first", _as_it_was("insert_run", root_id=None)),
    fault("trace_without_its_wait", "a trace forgets when the next is due", _as_it_was("insert_trace", next_ms=None)),
    fault("event_says_nothing", "an event forgets what it told", _as_it_was("insert_event", data="{}")),
    fault("bad_unit_fails_all", "one bad unit fails its batch", (batch, "blames_a_unit", instead(value=False))),
)  # fmt: skip
