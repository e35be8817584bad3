"""Tells who watches what has become durable, in order; beside that one hint, that a subtask starts."""

from __future__ import annotations

from contracts.engine import Hears, Observer
from contracts.journal import Entry, Event, Receipt
from contracts.plan import Subtask
from contracts.run import EventKind, Run, RunEvent


class Audience:
    """Who is told of runs.

    Args:
        observer: Told; None for nobody.
        hears: Whether the observer wants to be told of a run; None for all runs.
    """

    def __init__(self, observer: Observer | None, hears: Hears | None = None) -> None:
        self.observer = observer
        self._hears = hears

    def hears(self, run_id: str) -> bool:
        """Say whether anybody is told of a run."""
        return self.observer is not None and (self._hears is None or self._hears(run_id))

    def tell_started(self, run_id: str, subtask: Subtask, *, at_ms: int) -> None:
        """Say that a subtask starts; this is kept nowhere."""
        if self.observer is not None:
            self.observer(
                RunEvent(
                    kind="subtask_started",
                    run_id=run_id,
                    at_ms=at_ms,
                    subtask_id=subtask.id,
                    agent_type=subtask.required_agent,
                )
            )

    def tell(self, entry: Entry, run: Run) -> None:
        """Say what an entry holds, which is durable.

        Args:
            entry: What was kept.
            run: As it stood then.
        """
        observer = self.observer
        if observer is None or not self.hears(entry.run_id):
            return
        for receipt in entry.receipts:
            if receipt.attempt or receipt.ended is None:  # also an element taken over
                observer(_of_receipt("attempt_ended", receipt, entry.run_id))
            if receipt.ended is not None:
                observer(_of_receipt("subtask_ended", receipt, entry.run_id))
        for event in entry.events:
            observer(_of_event(event, entry, run))


def _of_event(event: Event, entry: Entry, run: Run) -> RunEvent:
    kind: EventKind = "state"
    if event.kind == "running":
        kind = "planned"
    elif event.kind == "replanned":
        kind = "replanned"
    elif entry.run is not None and entry.run.state.is_final:
        kind = "run_ended"
    return RunEvent(
        kind=kind,
        run_id=entry.run_id,
        at_ms=event.at_ms,
        event_id=event.event_id,
        error=entry.run.error if entry.run is not None else None,
        run=entry.run or run,
    )


def _of_receipt(kind: EventKind, receipt: Receipt, run_id: str) -> RunEvent:
    # One number, one event: of a subtask that never started its end is what is numbered.
    is_numbered = kind == "attempt_ended" or receipt.attempt == 0
    return RunEvent(
        kind=kind,
        run_id=run_id,
        at_ms=receipt.started_ms + round(receipt.duration_ms),
        subtask_id=receipt.subtask_id,
        agent_type=receipt.agent_type,
        attempt=receipt.attempt,
        item_index=receipt.item_index,
        status=receipt.status if kind == "attempt_ended" else receipt.ended,
        duration_ms=float(receipt.duration_ms),
        error=receipt.error,
        warnings=receipt.warnings,
        event_id=receipt.event_id if is_numbered else 0,
        trace_id=receipt.trace_id,
    )
