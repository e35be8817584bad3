"""Plans the runs that brought none, outside the courses: a plan is kept before anything of it runs.

What a model was asked for it is kept when it has answered, before the plan is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from contracts.errors import CallsheetError
from contracts.journal import Done, Entry, Event, Opened, Signal, StateKind
from contracts.plan import Plan
from contracts.planning_call import PlanningCall, heard_by
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord
from dispatcher.office import Office
from dispatcher.planning_receipts import PlanningCalls, past_of
from dispatcher.reply import record_of

MakePlan = Callable[[Run], Awaitable[Plan]]

_log = structlog.get_logger(__name__)


class Planning:
    """One run on its way to a plan.

    Args:
        office: The engine's parts.
        opened: The run, without a plan.
        make_plan: Asks the planner.
        planned: Told when the run has its plan and the journal too.
        ended: Told when it has ended without one.
        lost: Told when the journal could not keep it.
    """

    def __init__(
        self,
        office: Office,
        opened: Opened,
        *,
        make_plan: MakePlan,
        planned: Callable[[Opened], None],
        ended: Callable[[Run], None],
        lost: Callable[[str, CallsheetError], None],
    ) -> None:
        self._office = office
        self._run = opened.run
        self._epoch = opened.epoch
        self._event = opened.last_event
        self._signals: list[Signal] = list(opened.signals)
        self._past = list(opened.past)
        self._make_plan = make_plan
        self._planned = planned
        self._ended = ended
        self._lost = lost
        self._reason: str | None = opened.run.cancel_reason
        self._task: asyncio.Task[None] | None = None
        self._is_dead = False

    def begin(self) -> None:
        """Ask for the plan."""
        if self._run.state is not RunState.PLANNING:
            self._put("planning", state=RunState.PLANNING)
        self._task = asyncio.get_running_loop().create_task(self._go())
        self._task.add_done_callback(self._never_began)

    def cancel(self, reason: str, done: Done) -> None:
        """End the run as cancelled; `done` hears when that is durable."""
        self._reason = reason
        self._put("cancel_requested", done=done, cancel_reason=reason)
        if self._task is not None:
            self._task.cancel()

    def tell(self, signal: Signal) -> None:
        """Keep a signal for when the run has its plan."""
        if all(s.signal_id != signal.signal_id for s in self._signals):
            self._signals.append(signal)

    def suspend(self) -> None:
        """Stop; the next worker plans anew."""
        self._is_dead = True
        if self._task is not None:
            self._task.cancel()

    def die(self) -> None:
        """Stop, as whoever counts no more."""
        self.suspend()

    def _never_began(self, task: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step does not hear of it.
        if task.cancelled() and not self._is_dead:
            self._end(RunState.CANCELLED, None)

    async def _go(self) -> None:
        state, error = RunState.CANCELLED, None
        try:
            if self._reason is None:
                plan = await self._made_plan()
                self._put("planned", done=self._hand_over, plan=plan)
                return
        except asyncio.CancelledError:
            if self._is_dead:
                return
        except CallsheetError as exc:
            state, error = RunState.FAILED, record_of(exc)
        except Exception as exc:  # noqa: BLE001  # the border: no run may stay "planning" because of a defect
            _log.error("planning_crashed", run_id=self._run.run_id, exc_info=exc)
            state, error = RunState.FAILED, ErrorRecord(code="internal.error", message=type(exc).__name__)
        self._end(state, error)

    async def _made_plan(self) -> Plan:
        calls = PlanningCalls(self._office.ids, self._office.clock)
        with heard_by(lambda call: self._keep_call(calls, call)):
            return await self._make_plan(self._run)

    def _keep_call(self, calls: PlanningCalls, call: PlanningCall) -> None:
        if self._is_dead or self._run.state is not RunState.PLANNING:
            return  # whoever was left behind by a planner that went on without it
        receipt = calls.receipt(call)
        self._event += 1
        receipt.event_id = self._event
        self._past.append(past_of(receipt))
        self._give(Entry(self._run.run_id, self._epoch, receipts=[receipt]))

    def _end(self, state: RunState, error: ErrorRecord | None) -> None:
        error = error or ErrorRecord(code="run.cancelled", message=self._reason or "cancelled")
        kind: StateKind = "cancelled" if state is RunState.CANCELLED else "failed"
        self._put(kind, done=self._tell_end, state=state, error=error, ended_ms=self._office.now_ms())

    def _put(self, kind: StateKind, *, done: Done | None = None, **change: object) -> None:
        self._run = self._run.model_copy(update=change)
        self._event += 1
        event = Event(self._event, kind, self._office.now_ms())
        self._give(Entry(self._run.run_id, self._epoch, run=self._run, events=[event]), done)

    def _give(self, entry: Entry, done: Done | None = None) -> None:
        self._office.journal.put(entry, lambda error: self._kept(entry, error, done))

    def _kept(self, entry: Entry, error: CallsheetError | None, done: Done | None) -> None:
        if error is None:
            self._office.audience.tell(entry, self._run)
        elif not self._is_dead:
            self.suspend()
            self._lost(self._run.run_id, error)
        if done is not None:
            done(error)

    def _hand_over(self, error: CallsheetError | None) -> None:
        if error is None and not self._is_dead:
            self._is_dead = True
            signals = tuple(self._signals)
            self._planned(Opened(self._run, self._epoch, self._event, past=self._past, signals=signals))

    def _tell_end(self, error: CallsheetError | None) -> None:
        if error is None and not self._is_dead:
            self._is_dead = True
            self._ended(self._run)
