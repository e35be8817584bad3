"""What follows from how an attempt ended: its receipt, another attempt, the end of its subtask.

Of an effectful attempt it must be certain first whether its effect happened:
the agent is asked, or the attempt ends as `effect.unknown`, or, while the
engine drains, it is left to the next process to find out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contracts.agent import Reconciling
from contracts.effect import Effect
from contracts.errors import AttemptFailed, CallsheetError
from contracts.journal import Entry, Receipt
from contracts.trace import TraceStatus
from dispatcher.attempt import Outcome
from dispatcher.history import FALLBACKS_TURN
from dispatcher.purse import used_of
from dispatcher.receipts import receipt_of, unknown_effect
from dispatcher.reply import record_of
from dispatcher.retry import attempts_allowed, may_retry
from dispatcher.work import Work, effect_of

if TYPE_CHECKING:
    from dispatcher.calls import Calls
    from dispatcher.course import Course

NOT_DONE_TRIES: Final = 5
"""Attempts at an effect that each time turns out never to have happened."""


class Judge:
    """Draws the consequences of attempts.

    Args:
        course: Whose attempts they are.
        calls: Makes them.
    """

    def __init__(self, course: Course, calls: Calls) -> None:
        self._course = course
        self._calls = calls
        self._office = course.office

    def conclude(self, work: Work, outcome: Outcome) -> None:
        """Keep what an attempt came to, and go on from there."""
        course = self._course
        if work.reserved or course.purse.is_bounded:
            course.purse.settle(work.reserved, work.used(outcome))
            work.reserved = {}
            self._calls.offer_short()
        entry = course.entry()
        kept = self._calls.kept_of(work)
        entry.is_awaited = kept is not None
        self._judge(work, outcome, entry)
        if not entry.is_empty:
            course.put(entry, kept)
        elif kept is not None:
            kept(None)
        course.advance()

    def fall_back(self, work: Work) -> bool:
        """Hand a work to its fallback agent; False when there is none."""
        try:
            agent = self._office.registry.get(work.subtask.fallback_agent or "")
        except CallsheetError:
            return False
        work.agent, work.is_fallback = agent, True
        work.effect = effect_of(work.subtask, agent)
        work.intent_key = ""
        work.tries = 0
        return True

    def receipt(self, work: Work, outcome: Outcome, *, started_ms: int) -> Receipt:
        """Return the receipt of an attempt that is over."""
        found = receipt_of(work, outcome, trace_id=self._office.ids.new(), started_ms=started_ms)
        if work.meter is not None:
            found.usage, found.usage_text = work.metered(found.usage), ""
        if work.spent:
            told = used_of(found.usage)
            found.usage = {**found.usage, **{n: told.get(n, 0) + used for n, used in work.spent.items()}}
            found.usage_text = ""
            work.spent = {}
        return found

    def _judge(self, work: Work, outcome: Outcome, entry: Entry) -> None:
        if outcome.parked is not None and self._course.stop is None and work.purpose == "run":
            self._calls.close(work)
            work.tries -= 1  # it was no try, and no attempt that is kept; an intent keeps its number
            work.attempt -= work.effect is not Effect.EFFECTFUL
            work.consume(entry)
            self._course.waiting.park_work(work, outcome.parked, entry)
            return
        outcome.parked = None  # a run that stops waits for nothing, nor does who finds an effect out
        if work.effect is Effect.EFFECTFUL and not self._is_certain(work, outcome):
            return
        work.is_uncertain = False
        self._course.history.settle(work.name)
        receipt = self.receipt(work, outcome, started_ms=work.started_ms or self._office.now_ms())
        entry.receipts.append(receipt)
        if self._calls.is_suspended and outcome.is_cancelled:
            receipt.next_ms = self._office.now_ms()
            self._calls.close(work)
        elif not self._goes_on(work, outcome, receipt):
            work.consume(entry)  # another attempt would have been given the same again
            self._finish(work, outcome, receipt, entry)

    def _is_certain(self, work: Work, outcome: Outcome) -> bool:
        """Make an effect's outcome certain: found out, given up as unknown, or left to the next process."""
        is_left = self._calls.is_suspended and (outcome.is_ambiguous or outcome.is_cancelled)
        if work.purpose == "reconcile":
            return self._found_out(work, outcome, is_left=is_left)
        if not outcome.is_ambiguous:
            return True
        if is_left:
            self._calls.close(work)
            return False
        can_ask = isinstance(work.agent, Reconciling) and not outcome.is_left_behind
        if self._course.stop is None and can_ask:
            work.purpose, work.is_uncertain = "reconcile", True
            work.spent, work.meter = used_of(work.used(outcome)), None
            self._calls.offer(work)
            return False
        outcome.error = unknown_effect(outcome.error.message if outcome.error else "it was stopped")
        return True

    def _found_out(self, work: Work, outcome: Outcome, *, is_left: bool) -> bool:
        work.purpose = "run"
        if outcome.is_not_done:
            outcome.is_not_done = False
            outcome.error = AttemptFailed("effect.not_done", "it never took effect", retryable=True)
        elif is_left:
            self._calls.close(work)
            return False
        elif outcome.reply is None:
            why = outcome.error.message if outcome.error else "finding out was stopped"
            outcome.error = unknown_effect(why)
        return True

    def _goes_on(self, work: Work, outcome: Outcome, receipt: Receipt) -> bool:
        """Arrange for another attempt, where one follows."""
        error = outcome.error
        if error is None or self._course.stop is not None:
            return False
        if self._is_tried_again(work, error):
            wait_s = self._office.limits.backoff.wait_s(max(1, work.tries), self._office.rng)
            receipt.next_ms = self._office.now_ms() + round(wait_s * 1000)
            self._calls.nap(work, receipt.next_ms)
            return True
        falls_back = work.subtask.on_failure == "fallback" and not work.is_fallback
        if not falls_back or error.code == "effect.unknown" or not self.fall_back(work):
            return False
        receipt.next_ms = FALLBACKS_TURN
        self._calls.offer(work)
        return True

    def _is_tried_again(self, work: Work, error: CallsheetError) -> bool:
        if error.code == "effect.not_done":
            return work.tries < NOT_DONE_TRIES
        return may_retry(error, work.tries, attempts_allowed(work.subtask, work.agent.card))

    def _finish(self, work: Work, outcome: Outcome, receipt: Receipt, entry: Entry) -> None:
        course, subtask = self._course, work.subtask
        fan = course.fans[subtask.id]
        self._calls.close(work)
        fan.finish(work.element.index, receipt.status, outcome.text)
        if fan.left and (course.stop is None or self._calls.has_open(subtask)):
            return
        status = fan.status()
        try:
            text = fan.text() if status.has_output else None
        except CallsheetError as exc:  # what elements gave before a restart cannot be had
            status, text = TraceStatus.FAILURE, None
            entry.receipts.append(course.ends.unstarted(subtask, status, error=record_of(exc)))
        else:
            receipt.ended = status
        if text is not None:
            self._calls.write(subtask, text, entry)
        course.ends.end_subtask(subtask, status, entry)
