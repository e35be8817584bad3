"""The SELECTs of those who reckon with many attempts: what they took, by agent or by run; the newest first.

Columns are read as they are, without the sum of their row: a single damaged
row moves a median by nothing, and nobody is shown it.
"""

from __future__ import annotations

from typing import Final

from storage.statement import Query

_TAKEN: Final = ("tokens", "usd")
"""Amounts of an attempt's usage."""
_AMOUNTS: Final = ", ".join(
    f"CASE WHEN instr(usage, '\"{name}\"') AND json_valid(usage) THEN json_extract(usage, '$.{name}') END AS {name}"
    for name in _TAKEN
)
_ATTEMPT: Final = f"run_id, subtask_id, item_index, attempt, status, started_ms, duration_ms, {_AMOUNTS}"


def attempts_of_agent(agent: str, *, limit: int) -> Query:
    """Select what an agent's newest attempts took, newest first."""
    return Query(
        f"SELECT {_ATTEMPT} FROM trace WHERE agent_type = ? ORDER BY seq DESC LIMIT ?", (agent, limit)
    )


def versions_of_agent(agent: str, *, limit: int) -> Query:
    """Select the versions that made an agent's newest attempts."""
    return Query(
        "SELECT CASE WHEN json_valid(body) THEN json_extract(body, '$.metadata.agent_version') END AS version"
        " FROM trace WHERE agent_type = ? ORDER BY seq DESC LIMIT ?",
        (agent, limit),
    )


def attempts_of_run(run_id: str, *, limit: int) -> Query:
    """Select what a run's attempts took, in the order they ended."""
    return Query(f"SELECT {_ATTEMPT} FROM trace WHERE run_id = ? ORDER BY event_id LIMIT ?", (run_id, limit))


def ended_runs(*, limit: int) -> Query:
    """Select plan, state and hosts (JSON, of those that succeeded) of those of the newest runs that have ended."""
    return Query(
        "SELECT run_id, plan_id, state,"
        " CASE WHEN state = 'succeeded' AND json_valid(policy) THEN json_extract(policy, '$.hosts') END AS hosts"
        " FROM (SELECT run_id, plan_id, state, policy FROM run ORDER BY seq DESC LIMIT ?)"
        " WHERE state IN ('succeeded', 'failed')",
        (limit,),
    )
