"""How a run begins: from when its time counts, and its first events."""

from __future__ import annotations

from contracts.journal import Event
from contracts.run import Run, RunState
from dispatcher.limits import Limits


def started(run: Run, limits: Limits, *, now_ms: int) -> Run:
    """Return a run as it begins to run: its time ends with the first of what bounds it.

    Args:
        run: With its plan.
        limits: The engine's.
        now_ms: Unix milliseconds.
    """
    ends = [now_ms + round(limits.run_timeout_s * 1000)]
    budget = run.plan.budget if run.plan is not None else None
    if budget is not None and budget.wall_s is not None:
        ends.append(now_ms + round(budget.wall_s * 1000))
    if run.deadline_ms is not None:
        ends.append(run.deadline_ms)
    change = {"state": RunState.RUNNING, "started_ms": now_ms, "deadline_ms": min(ends)}
    return run.model_copy(update=change)


def first_events(run: Run) -> list[Event]:
    """Return what a new run's journal begins with: that it waits, and that it runs where its turn came at once."""
    events = [Event(1, "queued", run.created_ms)]
    if run.started_ms is not None:
        events.append(Event(2, "running", run.started_ms))
    return events
