"""Rows of every table: how storage writes each, and how it reads each back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulation.alone.model import Step, Work
from storage import journal_rows as journal
from storage import rows
from storage.statement import Statement
from storage.unit import Unit

Write = Callable[[Any], Statement]

WRITES: Final[Mapping[tuple[str, str], Write]] = {
    ("run", "new"): rows.insert_run,
    ("run", "write"): rows.update_run,
    ("plan", "once"): rows.insert_plan,
    ("trace", "new"): rows.insert_trace,
    ("value", "new"): rows.insert_value,
    ("event", "new"): journal.insert_event,
    ("intent", "new"): journal.insert_intent,
    ("wait", "new"): journal.insert_wait,
    ("wait", "drop"): journal.delete_wait,
    ("signal", "once"): journal.insert_signal,
    ("signal", "take"): journal.take_signal,
    ("request_key", "new"): journal.insert_key,
    ("request_key", "forget"): journal.forget_keys,
    ("wake", "write"): journal.set_wake,
    ("wake", "drop"): lambda row: journal.clear_wake(row.run_id),
}
READS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "run": rows.read_run,
    "plan": rows.read_plan,
    "trace": rows.read_trace,
    "value": rows.read_value,
    "event": journal.read_event,
    "intent": journal.read_intent,
    "wait": journal.read_wait,
    "signal": journal.read_signal,
    "request_key": journal.read_key,
    "wake": journal.read_wake,
}
BAD: Final[Mapping[str, Statement]] = {
    "storage.constraint": Statement("INSERT INTO plan (plan_id, sum) VALUES (NULL, 1)"),
    "storage.bad_unit": Statement("INSERT INTO plan (plan_id, sum) VALUES (?, 1)", ("\ud800",)),
}


def unit_of(work: Work, done: Callable[[Any], None]) -> Unit:
    """Return a work as storage is handed it."""
    return Unit([_statement(step) for step in work.steps], done, work.fence, work.blobs)


def _statement(step: Step) -> Statement:
    return BAD[step.row] if step.verb == "bad" else WRITES[step.table, step.verb](step.row)
