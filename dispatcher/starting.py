"""Starting a subtask: its condition, its approval, its inputs, and the calls of its elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from contracts.errors import AttemptFailed, CallsheetError
from contracts.jsontext import json_text
from contracts.plan import Subtask
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.conditions import holds
from dispatcher.fan import Fan
from dispatcher.inputs import Element, elements_of, only_tested
from dispatcher.receipts import redacted
from dispatcher.work import Work
from traces.cleaning import MARK

if TYPE_CHECKING:
    from dispatcher.course import Course


class Starting:
    """Starts the subtasks of one run.

    Args:
        course: Whose subtasks they are.
        lost: Context keys whose kept value lacks a secret it had.
    """

    def __init__(self, course: Course, lost: frozenset[str]) -> None:
        self._course = course
        self._redacted = lost

    def begin(self, subtask: Subtask) -> None:
        """Start a subtask whose dependencies have ended, or end it where it cannot start."""
        course = self._course
        if subtask.id in course.progress.statuses or subtask.id in course.fans:
            return  # a decision that came meanwhile has ended it, or started it
        values = {k: course.context.get(k) for k in subtask.input_keys if course.context.has(k)}
        if subtask.when is not None and not holds(subtask.when, values):
            message = f"its condition on {subtask.when.key!r} does not hold"
            course.ends.refuse(subtask, TraceStatus.SKIPPED, AttemptFailed("subtask.condition", message))
            return
        try:
            if course.waiting.approvals.holds_back(subtask):
                return
            if lost := self._redacted.intersection(subtask.input_keys):
                raise redacted(repr(min(lost)))
            elements = elements_of(subtask, values, but=self._kept_back(subtask))
            if elements:
                self._open_fan(subtask, elements)
            else:
                self._keep_end(subtask, TraceStatus.SUCCESS, "[]")
        except CallsheetError as exc:  # its inputs or its agent cannot be had
            course.ends.refuse(subtask, TraceStatus.FAILURE, exc)

    def _kept_back(self, subtask: Subtask) -> str:
        """Return the key that is there for a subtask's condition, and that its agent does not take; or nothing."""
        key = only_tested(subtask)
        return (
            key
            if key and not self._course.office.registry.get(subtask.required_agent).card.may_take(key)
            else ""
        )

    def _open_fan(self, subtask: Subtask, elements: Sequence[Element]) -> None:
        course = self._course
        fan = Fan(elements, subtask.foreach is not None, self._kept_output)
        works = [course.calls.work_for(subtask, element) for element in elements]
        course.fans[subtask.id] = fan
        office, run_id = course.office, course.run.run_id
        if office.audience.hears(run_id):
            office.audience.tell_started(run_id, subtask, at_ms=office.now_ms())
        for work in works:
            self._begin_work(work, fan)
        # Every element may have ended before, and only the subtask's own end was not kept.
        if fan.left == 0 and subtask.id not in course.progress.statuses:
            status = fan.status()
            self._keep_end(subtask, status, fan.text() if status.has_output else None)

    def _kept_output(self, trace_id: str) -> JsonValue:
        output = self._course.office.journal.output(trace_id)
        if MARK in json_text(output):
            raise redacted("what an element gave")
        return output

    def _begin_work(self, work: Work, fan: Fan) -> None:
        trails = self._course.history.trails
        trail = trails.get(work.name) if trails else None
        if trail is None:
            self._course.calls.offer(work)
        elif trail.final is not None:
            fan.finished_before(work.element.index, trail.final, trail.trace_id)
        else:
            self._course.calls.take_up(work, trail)

    def _keep_end(self, subtask: Subtask, status: TraceStatus, text: str | None) -> None:
        """End a subtask without an attempt of its own; `text` is its output's JSON."""
        course = self._course
        error = (
            None if text is not None else ErrorRecord(code="subtask.elements", message="no element succeeded")
        )
        receipt = course.ends.unstarted(subtask, status, error=error, output_text=text)
        entry = course.entry(receipt=receipt)
        if text is not None:
            course.calls.write(subtask, text, entry)
        course.ends.end_subtask(subtask, status, entry)
        course.put(entry)
