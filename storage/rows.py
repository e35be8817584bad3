"""What is kept, as plain rows, and the statements that keep them.

JSON columns hold text here: the rooms above know the models.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from storage.statement import Statement


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run; times in Unix milliseconds."""

    run_id: str
    objective: str
    state: str
    now: str | None
    """ISO 8601."""
    home_zone: str
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    error: str | None
    """JSON, as are the five below."""
    subtasks: str
    policy: str
    plan: str | None
    result: str | None
    inputs: str = "{}"


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One trace: what lists and filters need, and the whole of it in `body`."""

    trace_id: str
    run_id: str
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
    body: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of a run's context."""

    run_id: str
    key: str
    written_by: str
    value: str
    """JSON."""


_RUN_FIELDS: Final = attrgetter(*(f.name for f in fields(RunRow)))
_TRACE_FIELDS: Final = attrgetter(*(f.name for f in fields(TraceRow)))
_VALUE_FIELDS: Final = attrgetter(*(f.name for f in fields(ValueRow)))

_INSERT_RUN: Final = (
    "INSERT INTO run (run_id, objective, state, now, home_zone, created_ms, started_ms, ended_ms,"
    " error, subtasks, policy, plan, result, inputs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OR_UPDATE_RUN: Final = (
    " ON CONFLICT (run_id) DO UPDATE SET objective = excluded.objective, state = excluded.state,"
    " now = excluded.now, home_zone = excluded.home_zone, started_ms = excluded.started_ms,"
    " ended_ms = excluded.ended_ms, error = excluded.error, subtasks = excluded.subtasks,"
    " policy = excluded.policy, plan = excluded.plan, result = excluded.result,"
    " inputs = excluded.inputs"
)
_INSERT_TRACE: Final = (
    "INSERT INTO trace (trace_id, run_id, subtask_id, attempt, item_index, agent_type, status, started_ms,"
    " duration_ms, preview, error_code, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_VALUE: Final = "INSERT INTO value (run_id, key, written_by, value) VALUES (?, ?, ?, ?)"
_OR_REPLACE_VALUE: Final = (
    " ON CONFLICT (run_id, key) DO UPDATE SET written_by = excluded.written_by, value = excluded.value"
)


def insert_run(row: RunRow) -> Statement:
    """Keep a new run; one that is there already fails the unit."""
    return Statement(_INSERT_RUN, _RUN_FIELDS(row))


def update_run(row: RunRow) -> Statement:
    """Keep a run's new state, also where no earlier one was kept."""
    return Statement(_INSERT_RUN + _OR_UPDATE_RUN, _RUN_FIELDS(row))


def insert_trace(row: TraceRow) -> Statement:
    """Keep a trace of a run that is kept."""
    return Statement(_INSERT_TRACE, _TRACE_FIELDS(row))


def insert_value(row: ValueRow, *, replace: bool = False) -> Statement:
    """Keep a value of a run that is kept; a second one under its key fails the unit, unless it replaces."""
    sql = _INSERT_VALUE + _OR_REPLACE_VALUE if replace else _INSERT_VALUE
    return Statement(sql, _VALUE_FIELDS(row))


def probe(at_ms: int) -> Statement:
    """Write one row, to learn whether writing works; a unit without statements does not touch the disk."""
    return Statement(
        "INSERT INTO probe (id, at_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms",
        (at_ms,),
    )
