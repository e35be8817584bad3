"""What is kept, as plain rows, and the statements that keep and read them.

JSON columns hold text here: the rooms above know the models. Where a text may
be long there are two columns: the text itself, or the SHA-256 of a blob.
Times are Unix milliseconds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from storage.failure import damaged
from storage.statement import Statement
from storage.sums import columns_sum, row_sum, text_sum
from storage.table import Row, Table


@dataclass(slots=True)
class RunRow:
    """One run."""

    run_id: str
    objective: str
    state: str
    now: str | None
    """ISO 8601."""
    home_zone: str
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    deadline_ms: int | None
    epoch: int
    """Raised whenever somebody opens the run; 1 at first."""
    priority: int
    approval: str
    parent_id: str | None
    plan_id: str | None
    """Names a row of `plan`."""
    cancel_reason: str | None
    error: str | None
    """JSON, as are the five below."""
    subtasks: str
    policy: str
    result: str | None
    result_blob: str | None
    inputs: str | None
    is_redacted: bool
    inputs_blob: str | None = None
    root_id: str | None = None
    left_ms: int | None = None


@dataclass(slots=True)
class RunLine:
    """What lists, queues and fences need of a run."""

    seq: int
    run_id: str
    objective: str
    state: str
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    epoch: int
    priority: int


@dataclass(slots=True)
class PlanRow:
    """One plan, which nobody changes."""

    plan_id: str
    body: str | None
    """JSON."""
    blob: str | None


@dataclass(slots=True)
class TraceRow:
    """One trace: what lists, filters and resuming need, and the whole of it in `body`."""

    trace_id: str
    run_id: str
    event_id: int
    subtask_id: str
    attempt: int
    item_index: int | None
    agent_type: str
    status: str
    started_ms: int
    duration_ms: float
    preview: str
    """At most 200 characters."""
    error_code: str | None
    next_ms: int | None
    ended: str | None
    usage: str
    """JSON."""
    input_blob: str | None
    output_blob: str | None
    body: str
    """JSON; null stands in it for an input or output that is a blob. Empty where only the head was read."""


@dataclass(slots=True)
class ValueRow:
    """One value of a run's context."""

    run_id: str
    key: str
    written_by: str
    is_redacted: bool
    value: str | None
    """JSON."""
    blob: str | None = None


RUN: Final = Table(RunRow, "run", key=("run_id",), long=("result", "inputs"))
PLAN: Final = Table(PlanRow, "plan", key=("plan_id",), long=("body",), verb="INSERT OR IGNORE INTO")
TRACE: Final = Table(TraceRow, "trace", key=("trace_id",), long=("body",))
VALUE: Final = Table(ValueRow, "value", key=("run_id", "key"), long=("value",))

_LINE: Final = ("run_id", "objective", "state", "created_ms", "started_ms", "ended_ms", "epoch", "priority")
_LINE_OF: Final = attrgetter(*_LINE)
_RUN_COLUMNS: Final = (*RUN.columns, "line_sum", "sum")
_RUN_ROWS: Final = f"INSERT INTO run ({', '.join(_RUN_COLUMNS)}) VALUES "
_INSERT_RUN: Final = f"{_RUN_ROWS}({', '.join('?' * len(_RUN_COLUMNS))})"
_OVER_RUN: Final = " ON CONFLICT (run_id) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _RUN_COLUMNS[1:]
)
_UPDATE_RUN: Final = _INSERT_RUN + _OVER_RUN
_HEAD: Final = TRACE.columns[:-1]
_HEAD_OF: Final = attrgetter(*_HEAD)
_TRACE_COLUMNS: Final = (*_HEAD, "body_sum", "sum", "body")
_TRACE_ROWS: Final = f"INSERT INTO trace ({', '.join(_TRACE_COLUMNS)}) VALUES "
_INSERT_TRACE: Final = f"{_TRACE_ROWS}({', '.join('?' * len(_TRACE_COLUMNS))})"

RUN_LINE: Final = ", ".join(("seq", *_LINE, "line_sum"))
"""What `read_line` needs."""
TRACE_HEAD: Final = ", ".join(("seq", *_HEAD, "body_sum", "sum"))
"""What `read_trace_head` needs."""


def insert_run(row: RunRow) -> Statement:
    """Keep a new run; one that is there already fails the unit."""
    return Statement(_INSERT_RUN, _run_parameters(row), _RUN_ROWS)


def update_run(row: RunRow) -> Statement:
    """Keep a run's new state, also where no earlier one was kept."""
    return Statement(_UPDATE_RUN, _run_parameters(row), _RUN_ROWS, _OVER_RUN)


def insert_plan(row: PlanRow) -> Statement:
    """Keep a plan; one that is kept already stays."""
    return PLAN.append(row)


def insert_trace(row: TraceRow) -> Statement:
    """Keep a trace; a second one with its id, or with its event id in its run, fails the unit."""
    head: tuple[Any, ...] = (*_HEAD_OF(row), text_sum(row.body))
    if type(row.duration_ms) is not float:
        return insert_trace(dataclasses.replace(row, duration_ms=float(row.duration_ms)))
    return Statement(_INSERT_TRACE, (*head, columns_sum(head), row.body), _TRACE_ROWS)


def insert_value(row: ValueRow, *, replace: bool = False) -> Statement:
    """Keep a value; a second one under its key fails the unit, unless it replaces."""
    if replace:
        return VALUE.upsert(row)
    stands = (row.run_id, row.key, row.written_by, int(row.is_redacted))
    total = columns_sum((*stands, text_sum(row.value), row.blob))
    return Statement(VALUE.insert_sql, (*stands, row.value, row.blob, total), VALUE.rows)


def probe(at_ms: int) -> Statement:
    """Write one row, to learn whether writing works; a unit without statements does not touch the disk."""
    return Statement(
        "INSERT INTO probe (id, at_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms",
        (at_ms,),
    )


def read_run(row: Row) -> RunRow:
    """Return a run as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    line_sum = row_sum(*(row[c] for c in _LINE))
    stored = tuple(row[c] for c in RUN.columns)
    if (line_sum, row_sum(RUN.sum_of(stored), line_sum)) != (row["line_sum"], row["sum"]):
        raise damaged("run", row["run_id"])
    return RUN.loaded(stored)


def read_line(row: Row) -> RunLine:
    """Return what a list shows of a run, as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    line = tuple(row[c] for c in _LINE)
    if row_sum(*line) != row["line_sum"]:
        raise damaged("run", row["run_id"])
    return RunLine(row["seq"], *line)


def read_plan(row: Row) -> PlanRow:
    """Return a plan as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    return PLAN.read(row)


def read_value(row: Row) -> ValueRow:
    """Return a value as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    return VALUE.read(row)


def read_trace(row: Row) -> TraceRow:
    """Return a trace with its body, as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    found = read_trace_head(row)
    if text_sum(row["body"]) != row["body_sum"]:
        raise damaged("trace", found.trace_id)
    found.body = row["body"]
    return found


def read_trace_head(row: Row) -> TraceRow:
    """Return a trace without its body, as it was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    head = tuple(row[c] for c in _HEAD)
    if row_sum(*head, row["body_sum"]) != row["sum"]:
        raise damaged("trace", row["trace_id"])
    return TraceRow(*(*head, ""))


def _run_parameters(row: RunRow) -> tuple[Any, ...]:
    stored, line_sum = RUN.stored(row), row_sum(*_LINE_OF(row))
    return (*stored, line_sum, row_sum(RUN.sum_of(stored), line_sum))
