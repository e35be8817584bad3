"""How subtasks end without an attempt that says so, and what follows from an end: skips, a stop, a new plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contracts.errors import CallsheetError
from contracts.journal import Entry, Receipt
from contracts.plan import Subtask
from contracts.run import RunState
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.receipts import skipped_after, unsettled, unstarted
from dispatcher.reply import record_of

if TYPE_CHECKING:
    from dispatcher.course import Course


class Ends:
    """The ends of one run's subtasks.

    Args:
        course: Whose they are.
    """

    def __init__(self, course: Course) -> None:
        self._course = course

    def end_subtask(self, subtask: Subtask, status: TraceStatus, entry: Entry) -> None:
        """Note how a subtask ended: free what waited for it, or skip it; skips go into the same entry."""
        self._course.fans.pop(subtask.id, None)
        self._course.progress.end(subtask.id, status)
        if not status.has_output and self._course.stop is None:
            self._fail_or_skip(subtask, status, entry)

    def skip_after(self, subtask_id: str, entry: Entry) -> None:
        """End as skipped what waits for a subtask without an output."""
        for name, cause in self._course.progress.skip_after(subtask_id):
            skipped = self._course.graph.subtasks[name]
            entry.receipts.append(self.unstarted(skipped, TraceStatus.SKIPPED, error=skipped_after(cause)))

    def refuse(self, subtask: Subtask, status: TraceStatus, error: CallsheetError) -> None:
        """End a subtask that cannot start."""
        entry = self._course.entry()
        entry.receipts.extend(self.unsettled(subtask))
        entry.receipts.append(self.unstarted(subtask, status, error=record_of(error)))
        self.end_subtask(subtask, status, entry)
        self._course.put(entry)

    def unstarted(
        self,
        subtask: Subtask,
        status: TraceStatus,
        *,
        error: ErrorRecord | None = None,
        output_text: str | None = None,
    ) -> Receipt:
        """Return the receipt of a subtask that ends without an attempt."""
        return unstarted(
            subtask,
            status,
            trace_id=self._course.office.ids.new(),
            now_ms=self._course.office.now_ms(),
            plan_id=self._course.plan.plan_id,
            error=error,
            output=None if output_text is None else json.loads(output_text),
            output_text=output_text,
            output_key="" if output_text is None else subtask.output_key,
        )

    def unsettled(self, subtask: Subtask) -> Iterator[Receipt]:
        """Yield receipts for effects that may have happened in a subtask that is not taken up any more."""
        return unsettled(
            self._course.history, subtask, ids=self._course.office.ids, plan_id=self._course.plan.plan_id
        )

    def take_up(self) -> None:
        """Do what had still to follow from how subtasks ended before."""
        entry = self._course.entry()
        self.follow_up(entry)
        if not entry.is_empty:
            self._course.put(entry)

    def follow_up(self, entry: Entry) -> None:
        """Do what follows from how subtasks ended, in an entry that is not put yet."""
        for sid, status in list(self._course.progress.statuses.items()):
            if not status.has_output and self._course.stop is None:
                self._fail_or_skip(self._course.graph.subtasks[sid], status, entry)

    def _fail_or_skip(self, subtask: Subtask, status: TraceStatus, entry: Entry) -> None:
        if subtask.on_failure == "fail" and status is not TraceStatus.SKIPPED:
            message = f"{subtask.id!r} failed, and the plan says that the run fails with it"
            self._course.halt(RunState.FAILED, ErrorRecord(code="run.subtask_failed", message=message))
            return
        if not self._course.replanning.takes(subtask, status, entry):
            self.skip_after(subtask.id, entry)
