"""Every SELECT: lists by keyset, newest first, that never read a body."""

from __future__ import annotations

from typing import Final

from storage.statement import Statement

_TRACES: Final = (
    "SELECT seq, trace_id, run_id, subtask_id, attempt, item_index, agent_type, status,"
    " started_ms, duration_ms, preview, error_code FROM trace"
)
_RUNS: Final = (
    "SELECT seq, run_id, substr(objective, 1, 500) AS objective, state, created_ms, started_ms, ended_ms"
    " FROM run"
)
_BODIES: Final = "SELECT seq, body FROM trace"
_OF_RUN: Final = " WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?"


def trace_by_id(trace_id: str) -> Statement:
    """Select one trace's body."""
    return Statement("SELECT body FROM trace WHERE trace_id = ?", (trace_id,))


def trace_page(
    *,
    run_id: str | None = None,
    agent: str | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int,
) -> Statement:
    """Select summaries older than the one whose `seq` is `before`, newest first."""
    asked = {"run_id = ?": run_id, "agent_type = ?": agent, "status = ?": status, "seq < ?": before}
    return _page(_TRACES, asked, limit)


def traces_of_run(run_id: str, *, after: int = 0, limit: int) -> Statement:
    """Select a run's summaries in the order they were written, past the one whose `seq` is `after`."""
    return Statement(_TRACES + _OF_RUN, (run_id, after, limit))


def bodies_of_run(run_id: str, *, after: int = 0, limit: int) -> Statement:
    """Select a run's `seq` and `body` in the order they were written."""
    return Statement(_BODIES + _OF_RUN, (run_id, after, limit))


def run_by_id(run_id: str) -> Statement:
    """Select one run whole."""
    return Statement("SELECT * FROM run WHERE run_id = ?", (run_id,))


def run_page(*, state: str | None = None, before: int | None = None, limit: int) -> Statement:
    """Select runs without plan and result, newest first."""
    return _page(_RUNS, {"state = ?": state, "seq < ?": before}, limit)


def values_of_run(run_id: str) -> Statement:
    """Select a run's context in the order of its keys."""
    return Statement("SELECT key, written_by, value FROM value WHERE run_id = ? ORDER BY key", (run_id,))


def _page(select: str, asked: dict[str, str | int | None], limit: int) -> Statement:
    found = {clause: value for clause, value in asked.items() if value is not None}
    where = f" WHERE {' AND '.join(found)}" if found else ""
    return Statement(f"{select}{where} ORDER BY seq DESC LIMIT ?", (*found.values(), limit))


def trace_count(run_id: str) -> Statement:
    """Count a run's traces."""
    return Statement("SELECT count(*) AS count FROM trace WHERE run_id = ?", (run_id,))


def newest_trace() -> Statement:
    """Select the highest `seq`; 0 without traces."""
    return Statement("SELECT coalesce(max(seq), 0) AS seq FROM trace", ())


def traces_since(
    seq: int, *, run_id: str | None = None, agent: str | None = None, status: str | None = None, limit: int
) -> Statement:
    """Select summaries newer than `seq`, oldest first."""
    asked = {"run_id = ?": run_id, "agent_type = ?": agent, "status = ?": status}
    found = {clause: value for clause, value in asked.items() if value is not None}
    where = " AND ".join(["seq > ?", *found])
    return Statement(f"{_TRACES} WHERE {where} ORDER BY seq LIMIT ?", (seq, *found.values(), limit))
