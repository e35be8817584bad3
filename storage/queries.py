"""Every SELECT: lists by keyset that never read a body, and what a run's journal tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage.journal_rows import EVENT, INTENT, KEY, SIGNAL, WAIT, WAKE
from storage.rows import RUN, RUN_LINE, TRACE_HEAD, VALUE
from storage.statement import Query

_Asked = str | int | tuple[int, str] | None

_TRACES: Final = f"SELECT {TRACE_HEAD} FROM trace"
_BODIES: Final = f"SELECT {TRACE_HEAD}, body FROM trace"
_RUNS: Final = f"SELECT {RUN_LINE} FROM run"
_OF_RUN: Final = " WHERE run_id = ? AND event_id > ? ORDER BY event_id LIMIT ?"
_RUN_WITH_PLAN: Final = (
    f"SELECT {', '.join(f'run.{c}' for c in (*RUN.columns, 'line_sum', 'sum'))},"
    " plan.body AS plan_body, plan.blob AS plan_blob, plan.sum AS plan_sum"
    " FROM run LEFT JOIN plan ON plan.plan_id = run.plan_id WHERE run_id = ?"
)
_LINE: Final = ", ".join(f"run.{c}" for c in RUN_LINE.split(", "))


def trace_by_id(trace_id: str) -> Query:
    """Select one trace, whole."""
    return Query(f"{_BODIES} WHERE trace_id = ?", (trace_id,))


def trace_page(
    *,
    run_id: str | None = None,
    agent: str | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int,
) -> Query:
    """Select the heads of traces older than the one whose `seq` is `before`, newest first."""
    asked: dict[str, _Asked] = {"run_id = ?": run_id, "agent_type = ?": agent, "status = ?": status}
    if run_id is None:
        return _page(_TRACES, asked | {"seq < ?": before}, "seq", limit)
    # In one run the order of events is the order of writing, and has the index.
    older = "event_id < (SELECT event_id FROM trace WHERE seq = ? AND run_id = ?)"
    return _page(_TRACES, asked | {older: before and (before, run_id)}, "event_id", limit)


def traces_of_run(run_id: str, *, after: int = 0, limit: int) -> Query:
    """Select the heads of a run's traces in the order they were written, past the event id `after`."""
    return Query(_TRACES + _OF_RUN, (run_id, after, limit))


def bodies_of_run(run_id: str, *, after: int = 0, limit: int) -> Query:
    """Select a run's traces, whole, in the order they were written, past the event id `after`."""
    return Query(_BODIES + _OF_RUN, (run_id, after, limit))


def past_of_run(run_id: str) -> Query:
    """Select the heads of all of a run's traces in the order they were written."""
    return Query(f"{_TRACES} WHERE run_id = ? ORDER BY event_id", (run_id,))


def events_of_run(run_id: str, *, after: int = 0, limit: int) -> Query:
    """Select a run's events that are no attempts, past the event id `after`."""
    return Query(f"SELECT {EVENT.select} FROM event{_OF_RUN}", (run_id, after, limit))


def holds_of_run(run_id: str) -> Query:
    """Select the events that say why a person is asked, oldest first."""
    held = " WHERE run_id = ? AND kind = 'held' ORDER BY event_id"
    return Query(f"SELECT {EVENT.select} FROM event{held}", (run_id,))


def last_event(run_id: str) -> Query:
    """Select the highest `event_id` of a run, attempts included; 0 without any."""
    return Query(
        "SELECT max(coalesce((SELECT max(event_id) FROM event WHERE run_id = ?), 0),"
        " coalesce((SELECT max(event_id) FROM trace WHERE run_id = ?), 0)) AS event_id",
        (run_id, run_id),
    )


def plan_by_id(plan_id: str) -> Query:
    """Select one plan."""
    return Query("SELECT plan_id, body, blob, sum FROM plan WHERE plan_id = ?", (plan_id,))


def run_by_id(run_id: str) -> Query:
    """Select one run whole, its plan as `plan_body`, `plan_blob` and `plan_sum`."""
    return Query(_RUN_WITH_PLAN, (run_id,))


def run_line(run_id: str) -> Query:
    """Select what lists and fences need of one run."""
    return Query(f"{_RUNS} WHERE run_id = ?", (run_id,))


def run_page(*, state: str | None = None, before: int | None = None, limit: int) -> Query:
    """Select the lines of runs, newest first."""
    return _page(_RUNS, {"state = ?": state, "seq < ?": before}, "seq", limit)


def unfinished_runs(*, after: int = 0, limit: int) -> Query:
    """Select the lines of runs that are queued, planning or running and not parked, by `seq`."""
    return Query(
        f"{_RUNS} INDEXED BY run_unfinished WHERE state IN ('queued', 'planning', 'running') AND seq > ?"
        " AND NOT EXISTS (SELECT 1 FROM wake WHERE wake.run_id = run.run_id) ORDER BY seq LIMIT ?",
        (after, limit),
    )


def due_runs(*, before_ms: int, limit: int) -> Query:
    """Select the lines of parked runs whose time has come, with it as `at_ms`, earliest first."""
    return Query(
        f"SELECT {_LINE}, wake.at_ms, wake.sum FROM wake CROSS JOIN run ON run.run_id = wake.run_id"
        " WHERE wake.at_ms <= ? ORDER BY wake.at_ms LIMIT ?",
        (before_ms, limit),
    )


def next_wake(*, after_ms: int) -> Query:
    """Select the parked run that is due first of those not due at a time."""
    return Query(f"SELECT {WAKE.select} FROM wake WHERE at_ms > ? ORDER BY at_ms LIMIT 1", (after_ms,))


def wake_of_run(run_id: str) -> Query:
    """Select when a run is looked at again."""
    return Query(f"SELECT {WAKE.select} FROM wake WHERE run_id = ?", (run_id,))


def values_of_run(run_id: str) -> Query:
    """Select a run's context in the order of its keys."""
    return Query(f"SELECT {VALUE.select} FROM value WHERE run_id = ? ORDER BY key", (run_id,))


def intents_of_run(run_id: str) -> Query:
    """Select the effects a run was about to cause."""
    return Query(f"SELECT {INTENT.select} FROM intent WHERE run_id = ?", (run_id,))


def waits_of_run(run_id: str) -> Query:
    """Select what a run waits for."""
    return Query(f"SELECT {WAIT.select} FROM wait WHERE run_id = ?", (run_id,))


def signals_of_run(run_id: str) -> Query:
    """Select what a run was told and has not used up, oldest first."""
    # by its index: there a signal still stands whose row was changed into one that is used up, and its sum tells
    return Query(
        f"SELECT {SIGNAL.select} FROM signal INDEXED BY signal_waiting WHERE run_id = ? AND taken = 0 ORDER BY seq",
        (run_id,),
    )


def holds_signals(run_id: str, *, least: int) -> Query:
    """Select whether a run was told so many things that it has not used up."""
    return Query(
        "SELECT 1 AS held FROM signal INDEXED BY signal_waiting WHERE run_id = ? AND taken = 0 LIMIT 1 OFFSET ?",
        (run_id, least - 1),
    )


def signal_by_id(run_id: str, signal_id: str) -> Query:
    """Select whether a run was told a signal, used up or not."""
    return Query("SELECT 1 AS known FROM signal WHERE run_id = ? AND signal_id = ?", (run_id, signal_id))


def key_by_name(key: str) -> Query:
    """Select the run a caller's key made."""
    return Query(f"SELECT {KEY.select} FROM request_key WHERE key = ?", (key,))


def trace_count(run_id: str) -> Query:
    """Count a run's traces."""
    return Query("SELECT count(*) AS count FROM trace WHERE run_id = ?", (run_id,))


def newest_trace() -> Query:
    """Select the highest `seq`; 0 without traces."""
    return Query("SELECT coalesce(max(seq), 0) AS seq FROM trace")


def traces_since(
    seq: int, *, run_id: str | None = None, agent: str | None = None, status: str | None = None, limit: int
) -> Query:
    """Select the heads of traces newer than `seq`, oldest first."""
    asked = {"run_id = ?": run_id, "agent_type = ?": agent, "status = ?": status}
    found = {clause: value for clause, value in asked.items() if value is not None}
    where = " AND ".join(["seq > ?", *found])
    return Query(f"{_TRACES} WHERE {where} ORDER BY seq LIMIT ?", (seq, *found.values(), limit))


def _page(select: str, asked: Mapping[str, _Asked], order: str, limit: int) -> Query:
    found = {clause: value for clause, value in asked.items() if value is not None}
    where = f" WHERE {' AND '.join(found)}" if found else ""
    values = [v for value in found.values() for v in (value if isinstance(value, tuple) else (value,))]
    return Query(f"{select}{where} ORDER BY {order} DESC LIMIT ?", (*values, limit))
