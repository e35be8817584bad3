"""Receipts: one for each attempt, and one with attempt 0 for what never started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from contracts.effect import Effect
from contracts.errors import AttemptFailed, AttemptTimedOut
from contracts.journal import Receipt
from contracts.plan import Subtask
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.attempt import Outcome
from dispatcher.history import History
from dispatcher.ids import Ids
from dispatcher.reply import guest_of, log_of, record_of, usage_of
from dispatcher.work import Work

LEFT_OPEN: Final = "the process ended while it was under way"


def receipt_of(work: Work, outcome: Outcome, *, trace_id: str, started_ms: int) -> Receipt:
    """Return the receipt of an attempt that is over.

    Args:
        work: Whose attempt it is.
        outcome: What came of it.
        trace_id: Of the trace to keep.
        started_ms: Unix milliseconds.
    """
    reply, error, card = outcome.reply, outcome.error, work.agent.card
    found = Receipt(
        trace_id,
        work.subtask.id,
        card.name,
        _status(outcome),
        work.attempt,
        work.element.index,
        started_ms,
        work.element.inputs,
        queued_ms=work.queued_ms,
        duration_ms=outcome.duration_ms,
        agent_version=card.version,
        effect=work.effect.value,
        objective=work.subtask.objective,
        plan_id=work.course.graph.plan.plan_id,
    )
    if reply is not None:
        found.output = reply.output
        found.output_text = outcome.text
        found.output_key = work.subtask.output_key
        found.score = reply.score
        found.warnings = tuple(reply.warnings)
        found.usage = reply.usage
        found.log = reply.log
        found.guest = reply.guest
        found.usage_text, found.guest_text = outcome.told
    elif error is not None:
        found.error = record_of(error)
        found.usage = usage_of(error)
        found.guest = guest_of(error)
        found.log = log_of(error)
    return found


def unstarted(
    subtask: Subtask, status: TraceStatus, *, trace_id: str, now_ms: int, plan_id: str, **more: Any
) -> Receipt:
    """Return the receipt of a subtask that ends without an attempt.

    Args:
        subtask: Which.
        status: How it ends.
        trace_id: Of the trace to keep.
        now_ms: Unix milliseconds.
        plan_id: Of the run's plan.
        more: Further fields of the receipt.
    """
    return Receipt(
        trace_id,
        subtask.id,
        subtask.required_agent,
        status,
        0,
        None,
        now_ms,
        objective=subtask.objective,
        plan_id=plan_id,
        ended=status,
        **more,
    )


def unsettled(history: History, subtask: Subtask, *, ids: Ids, plan_id: str) -> Iterator[Receipt]:
    """Yield receipts for effects that may have happened in a subtask that is not taken up any more.

    Args:
        history: Of its run; what is told of here is settled there.
        subtask: Which.
        ids: Names for traces.
        plan_id: Of the run's plan.
    """
    for (sid, index), trail in history.trails.items():
        if sid == subtask.id and trail.intent is not None:
            intent, trail.intent = trail.intent, None
            yield Receipt(
                ids.new(),
                sid,
                subtask.required_agent,
                TraceStatus.FAILURE,
                intent.attempt,
                index,
                intent.at_ms,
                effect=Effect.EFFECTFUL.value,
                objective=subtask.objective,
                plan_id=plan_id,
                error=record_of(unknown_effect(LEFT_OPEN)),
            )


def unknown_effect(cause: str) -> AttemptFailed:
    """Return the failure of an attempt whose effect may have happened or not."""
    return AttemptFailed(
        "effect.unknown",
        f"whether its effect happened is not known: {cause}",
        hint="Find out, then: callsheet objectives retry RUN --settle SUBTASK=done|not_done",
    )


def redacted(what: str) -> AttemptFailed:
    """Return the failure of what cannot go on because a secret it needs was not kept."""
    return AttemptFailed(
        "run.redacted",
        f"a secret in {what} was not kept, and the process that knew it is gone",
        hint="Submit the objective again.",
    )


def skipped_after(cause: str) -> ErrorRecord:
    """Return why a subtask is skipped whose dependency produced nothing."""
    return record_of(AttemptFailed("subtask.skipped", f"{cause!r} produced nothing", where=cause))


def _status(outcome: Outcome) -> TraceStatus:
    if outcome.reply is not None:
        return outcome.reply.status
    if outcome.error is None:
        return TraceStatus.CANCELLED
    return TraceStatus.TIMEOUT if isinstance(outcome.error, AttemptTimedOut) else TraceStatus.FAILURE
