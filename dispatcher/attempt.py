"""One attempt: the agent called as a task, under its deadline; what came of it told once.

Here a crash becomes a record: whatever an agent raises ends as an outcome,
never in the engine's loop. An agent that does not stop when it is told to is
left behind after a short grace, and its outcome says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

import structlog

from contracts.agent import TIMEKEEPER, AgentCall, AgentReply, NotDone, Parked
from contracts.clock import Clock
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError
from contracts.schemas import Checker
from dispatcher.beat import Beat
from dispatcher.reply import check_reply, check_wait
from dispatcher.timeouts import Timeouts
from memory.encoding import encode

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outcome:
    """What came of an attempt: one of a reply, an error, a wait, or nothing because it was cancelled."""

    reply: AgentReply | None = None
    text: str = ""
    """The reply's output, as JSON."""
    told: tuple[str, str] = ("", "")
    """Its usage and its recording, as JSON."""
    error: CallsheetError | None = None
    parked: Parked | None = None
    is_not_done: bool = False
    """`reconcile` found that the effect never happened."""
    is_ambiguous: bool = False
    """The agent did not say how it ended: an effect may have happened or not."""
    is_left_behind: bool = False
    """The agent did not stop: an effect that has not happened may happen yet."""
    duration_ms: float = 0
    has_waited: bool = False
    """It let others go on meanwhile, as who waits for a network, a disk or another thread does."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was stopped before it gave anything."""
        return self.reply is None and self.error is None and self.parked is None and not self.is_not_done


class Attempt:
    """An attempt under way.

    Args:
        ask: Asks the agent.
        call: What it was given.
        output_schema: What the plan asks of the output.
        grace_s: How long it may take to stop.
        over: Told the outcome, once.
        timeouts: Watches its time.
        context: The task's own.
        clock: What it took is measured by; a loop's own time may count in whole milliseconds.
        beat: Of the loop.
    """

    __slots__ = (
        "_beat", "_call", "_clock", "_grace", "_grace_s", "_has_waited", "_is_over", "_is_stopped", "_loop",
        "_mark", "_over", "_spent", "_task", "_timed_out", "_timeouts", "due",
    )  # fmt: skip

    def __init__(
        self,
        ask: Callable[[AgentCall], Awaitable[AgentReply | NotDone]],
        call: AgentCall,
        *,
        output_schema: dict[str, Any] | None,
        grace_s: float,
        over: Callable[[Outcome], None],
        timeouts: Timeouts,
        context: Context | None,
        clock: Clock,
        beat: Beat,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._clock, self._beat = clock, beat
        self._call = call
        self._over = over
        self._grace_s = grace_s
        self._grace: asyncio.TimerHandle | None = None
        self._is_stopped = self._timed_out = self._is_over = False
        self._mark = clock.monotonic()
        self._spent: float | None = None
        self._has_waited = True
        self._task = loop.create_task(self._asked(ask, output_schema), context=context)
        self.due = loop.time() + call.timeout_s
        self._timeouts = timeouts
        timeouts.watch(self)
        self._task.add_done_callback(self._ended)

    def stop(self) -> None:
        """Tell the agent to stop; the outcome follows within the grace."""
        if not self._is_stopped:
            self._is_stopped = True
            self._task.cancel()
            self._grace = self._loop.call_later(self._grace_s, self._leave_behind)

    def time_out(self) -> None:
        """Tell the agent that its time is over."""
        if not self._is_stopped:
            self._timed_out = True
            self.stop()

    async def _asked(
        self,
        ask: Callable[[AgentCall], Awaitable[AgentReply | NotDone]],
        output_schema: dict[str, Any] | None,
    ) -> AgentReply | NotDone:
        # Timed here, so that what counts is the agent's own time and not the loop's.
        began, turn = self._clock.monotonic(), self._beat.turn()
        TIMEKEEPER.set(self._uncounted)
        try:
            reply = await ask(self._call)
            if output_schema is not None and isinstance(reply, AgentReply):
                await asyncio.to_thread(_check_output, output_schema, reply)
            return reply
        finally:
            self._spent = self._clock.monotonic() - began
            self._has_waited = self._beat.turn() != turn

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        self._timeouts.forget(self)
        began = self._loop.time()
        try:
            yield
        finally:
            self.due += self._loop.time() - began
            if not self._is_stopped:
                self._timeouts.watch(self)

    def _ended(self, task: asyncio.Task[AgentReply | NotDone]) -> None:
        self._timeouts.forget(self)
        if self._grace is not None:
            self._grace.cancel()
        if self._is_over:
            if not task.cancelled():
                task.exception()  # fetched, so that the loop does not report it as lost
            return
        outcome = self._judged(task)
        # Told to stop in time, it may still have finished: what it gave counts, unless the time was over.
        if self._timed_out and outcome.reply is None:
            outcome = Outcome(error=_timeout(self._call, is_stopped=True), is_ambiguous=True)
        self._finish(outcome)

    def _leave_behind(self) -> None:
        self._timeouts.forget(self)
        _log.warning("agent_did_not_stop", run_id=self._call.run_id, subtask_id=self._call.subtask_id)
        if self._timed_out:
            error = _timeout(self._call, is_stopped=False)
            self._finish(Outcome(error=error, is_ambiguous=True, is_left_behind=True))
        else:
            self._finish(Outcome(is_ambiguous=True, is_left_behind=True))

    def _finish(self, outcome: Outcome) -> None:
        self._is_over = True
        spent = self._clock.monotonic() - self._mark if self._spent is None else self._spent
        outcome.duration_ms, outcome.has_waited = round(spent * 1000, 3), self._has_waited
        self._over(outcome)

    def _judged(self, task: asyncio.Task[AgentReply | NotDone]) -> Outcome:
        if task.cancelled():
            if self._is_stopped:
                return Outcome(is_ambiguous=True)
            return Outcome(
                error=AttemptFailed("agent.crashed", "the agent cancelled itself"), is_ambiguous=True
            )
        crash = task.exception()
        if crash is None:
            reply = task.result()
            return Outcome(is_not_done=True) if isinstance(reply, NotDone) else _usable(reply)
        if isinstance(crash, Parked):
            return _waiting(crash)
        if isinstance(crash, CallsheetError):
            return Outcome(error=crash)
        _log.error(
            "agent_crashed",
            run_id=self._call.run_id,
            subtask_id=self._call.subtask_id,
            exc_info=crash,
        )
        message = f"{type(crash).__name__}: {str(crash)[:500]}"
        return Outcome(error=AttemptFailed("agent.crashed", message), is_ambiguous=True)


def _waiting(parked: Parked) -> Outcome:
    try:
        check_wait(parked)
    except AttemptFailed as exc:
        return Outcome(error=exc, is_ambiguous=True)
    return Outcome(parked=parked)


def _usable(reply: AgentReply) -> Outcome:
    """Return the reply if a trace can hold it; agents are code too, and answer what their types forbid."""
    try:
        told = check_reply(reply)
        text = encode(reply.output, "output")
    except (CallsheetError, TypeError, ValueError, AttributeError) as exc:
        message = f"the agent's reply cannot be kept: {str(exc)[:300]}"
        return Outcome(error=AttemptFailed("agent.bad_reply", message), is_ambiguous=True)
    return Outcome(reply=reply, text=text, told=told)


def _timeout(call: AgentCall, *, is_stopped: bool) -> AttemptTimedOut:
    left = "" if is_stopped else "; it did not stop when told to and was left behind"
    return AttemptTimedOut(
        "attempt.timeout",
        f"no result within {call.timeout_s:g} s{left}",
        retryable=is_stopped,
        hint="Raise the subtask's timeout_s, or look at what the agent waited for.",
    )


def _check_output(schema: dict[str, Any], reply: AgentReply) -> None:
    wrong = Checker(schema).first(reply.output)
    if wrong is not None:
        raise AttemptFailed(
            "output.schema", f"the output does not fit at {wrong[0]!r}: {wrong[1]}", where=wrong[0]
        )
