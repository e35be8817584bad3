"""What the file holds at a moment, asked past every door of production."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from simulation.connection import SimConnection
from simulation.history import Call, Known
from storage.batch import write_batch
from storage.unit import Fence, Unit

Query = Callable[[str, Sequence[Any]], list[Any]]

GOOD: Final = frozenset({"success", "partial_success"})
_RUN: Final = "SELECT state, cancel_reason, deadline_ms FROM run WHERE run_id = ?"
_TRACES: Final = (
    "SELECT subtask_id, item_index, attempt, status, next_ms, agent_type, ended FROM trace WHERE run_id = ?"
)
_INTENTS: Final = "SELECT attempt, key FROM intent WHERE run_id = ? AND subtask_id = ? AND item_index = ?"
_LOAD: Final = (
    "SELECT count(*) FROM run WHERE state IN ('queued', 'planning', 'running')"
    " AND NOT EXISTS (SELECT 1 FROM wake WHERE wake.run_id = run.run_id)"
)


def load_of(query: Query) -> int:
    """Return how many runs are waiting or under way."""
    return int(query(_LOAD, ())[0][0])


def known_of(query: Query, call: Call) -> Known:
    """Return what is committed of a call that begins, and of its run."""
    run = query(_RUN, (call.run_id,))
    traces = query(_TRACES, (call.run_id,))
    state, reason, deadline_ms = run[0] if run else ("", None, None)
    name = (call.subtask_id, call.item_index)
    return Known(
        state,
        reason is not None,
        deadline_ms,
        tuple(tuple(t[2:6]) for t in traces if t[:2] == name and t[2]),
        tuple(map(tuple, query(_INTENTS, _element(call)))),
        frozenset(t[0] for t in traces if t[6] in GOOD),
        frozenset(t[0] for t in traces if t[6]),
    )


def has_intent(query: Query, call: Call) -> bool:
    """Say whether the intent of this very attempt is committed."""
    return any(tuple(row) == (call.attempt, call.key) for row in query(_INTENTS, _element(call)))


def written_late(connection: SimConnection, late: Sequence[Unit]) -> Iterator[Fence]:
    """Write what an earlier holder still had to write of runs that were taken over; yield what was let through."""
    epochs = dict(connection.execute("SELECT run_id, epoch FROM run").fetchall())
    stale = [u for u in late if u.fence is not None and _is_stale(u.fence, epochs.get(u.fence.run_id, 0))]
    for unit, outcome in zip(stale, write_batch(connection, stale), strict=True):
        if outcome is None and unit.fence is not None:
            yield unit.fence


def _is_stale(fence: Fence, epoch: int) -> bool:
    return fence.epoch is not None and epoch > fence.epoch - fence.opens


def _element(call: Call) -> tuple[str, str, int]:
    return call.run_id, call.subtask_id, -1 if call.item_index is None else call.item_index
