"""One run on its way: what may start, what has ended, what is kept; a state machine without a coroutine.

Subtasks start as their dependencies end. What ended goes into the journal at
once and is told to nobody before it is durable; pure steps go on meanwhile. A
failed subtask skips what depends on it, or does what its `on_failure` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from functools import partial

from pydantic import JsonValue
from structlog.contextvars import bind_contextvars

from contracts.errors import CallsheetError, Fenced
from contracts.journal import Done, Entry, Event, Opened, Receipt, Signal, StateKind
from contracts.plan import Plan
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord
from dispatcher.beginning import started
from dispatcher.calls import Calls
from dispatcher.ends import Ends
from dispatcher.fan import Fan
from dispatcher.finishing import finish
from dispatcher.graph import Graph
from dispatcher.history import History
from dispatcher.office import Office
from dispatcher.progress import Progress
from dispatcher.purse import Purse
from dispatcher.receipts import redacted
from dispatcher.replanning import Replanning
from dispatcher.reply import record_of
from dispatcher.starting import Starting
from dispatcher.waiting import Waiting
from memory.context import SharedContext

MS_PER_PRIORITY = 60_000


class Course:
    """A run in memory.

    Args:
        office: Shared with other runs.
        opened: As the journal gave it; its run has a plan.
        graph: Of that plan.
        number: The engine's own count, to break ties.
    """

    def __init__(self, office: Office, opened: Opened, *, graph: Graph, number: int) -> None:
        self.office = office
        self.run: Run = opened.run
        self.graph = graph
        self.plan: Plan = graph.plan
        self.number = number
        self.turn = opened.run.created_ms - opened.run.priority * MS_PER_PRIORITY
        self.epoch = opened.epoch
        self.kept_event = self.last_event = opened.last_event
        self.context = SharedContext()
        self.fans: dict[str, Fan] = {}
        self.history = History.of(opened)
        self.progress = Progress(graph, self.history.ended)
        self.task_context: Context = copy_context()
        self.task_context.run(bind_contextvars, run_id=opened.run.run_id)
        self.purse = Purse(graph.plan.budget)
        self.purse.spend(p.usage for p in opened.past)
        self.stop: tuple[RunState, ErrorRecord] | None = None
        self.is_dead = False
        """Nothing it does counts any more: its end is kept, or it was lost, parked or suspended."""
        self.calls = Calls(self)
        self.ends = Ends(self)
        self.waiting = Waiting(self, opened)
        self.replanning = Replanning(self, opened)
        self._starting = Starting(self, opened.redacted)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_over = False
        self._asked_late: list[Done] = []
        """Whoever wants to stop the run while its end is on its way to the disk."""
        self._opened = opened

    def guarded(self, step: Callable[[], None]) -> None:
        """Take a step of this run; here a defect of ours ends the run, not the engine."""
        try:
            step()
        except Exception as exc:  # noqa: BLE001  # the border: no run may stay "running" because of a defect
            self.office.crashed(self, exc)

    def begin(self, stop: Callable[[Course], None] | None = None) -> None:
        """Start, or go on from what the journal told; `stop` stops it before it does anything."""
        self.guarded(partial(self._begin, stop))

    def _begin(self, stop: Callable[[Course], None] | None) -> None:
        opened, self._opened = self._opened, Opened(self.run, self.epoch, self.last_event)
        for key, value in self.plan.inputs.items():
            self.context.set(key, value, by="caller")
        for kept in opened.values.values():
            if not self.context.has(kept.key):
                self.context.set_text(kept.key, kept.text, by=kept.by)
        if self.run.cancel_reason is not None:
            rejected = self.run.error is not None and self.run.error.code == "run.rejected"
            state, code = (
                (RunState.REJECTED, "run.rejected") if rejected else (RunState.CANCELLED, "run.cancelled")
            )
            self.halt(state, ErrorRecord(code=code, message=self.run.cancel_reason))
        if stop is not None:
            stop(self)
        elif self.run.is_redacted and self.epoch > 1:
            self.halt(RunState.FAILED, record_of(redacted("its inputs or its plan")))
        self.ends.take_up()
        if (
            self.stop is None
            and self.run.deadline_ms is not None
            and self.run.deadline_ms <= self.office.now_ms()
        ):
            self._time_is_over()
        if self.stop is None:
            if self.run.started_ms is None:
                self.waiting.approvals.approve_plan_or_start()
            else:
                self.waiting.approvals.ask_anew()
                self._go_on()
        self.waiting.take_all(opened.signals)
        self.advance()

    def _go_on(self) -> None:
        if self.run.left_ms is not None:
            self.set_clock_going()
            self.put(self.entry(run=self.run))
        self.set_off()

    def set_clock_going(self) -> None:
        """Give a run that was parked the time it had left; the entry that says so is the caller's to put."""
        if self.run.left_ms is not None:
            change = {"deadline_ms": self.office.now_ms() + self.run.left_ms, "left_ms": None}
            self.run = self.run.model_copy(update=change)
            self._arm_deadline()

    def start(self) -> None:
        """Begin to run: from here its time counts."""
        self.run = started(self.run, self.office.limits, now_ms=self.office.now_ms())
        self.put(self.entry(run=self.run, event=self.event("running")))
        self.set_off()

    def set_off(self) -> None:
        """Queue what waits for nothing; watch the deadline."""
        self._arm_deadline()
        self.progress.set_off()

    def _arm_deadline(self) -> None:
        """Stop the run when its time is over."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self.run.deadline_ms is not None:
            left_s = max(0.0, (self.run.deadline_ms - self.office.now_ms()) / 1000)
            self._deadline = asyncio.get_running_loop().call_later(left_s, self._time_out)

    def advance(self) -> None:
        """Start what may start; end or park the run when nothing is under way."""
        progress = self.progress
        is_held = self.waiting.approvals.holds_all or self.replanning.is_changing
        while progress.has_ready and not is_held and self.stop is None and not self.is_dead:
            self._starting.begin(self.graph.subtasks[progress.next()])
        if self.is_dead or self._is_over:
            return
        self.office.slots.pump()
        is_at_rest = (is_held or not progress.has_ready) and self.replanning.is_idle
        if self.calls.is_idle and (is_at_rest or self.stop is not None) and not self.calls.is_suspended:
            if progress.is_done or self.stop is not None:
                self._finish()
            else:
                self.waiting.park()

    def halt(self, state: RunState, error: ErrorRecord) -> None:
        """Stop what runs and start nothing more; the first reason counts."""
        if self.stop is None and not self._is_over:
            self.stop = (state, error)
            self.progress.stop()
            self.waiting.unpark()
            self.replanning.stop()
            self.calls.stop()

    def cancel(self, reason: str, done: Done) -> None:
        """Stop the run as cancelled; `done` hears when that is durable."""
        if self._is_over:
            self._asked_late.append(done)
            return
        if self.run.cancel_reason is None:
            self.run = self.run.model_copy(update={"cancel_reason": reason})
        self.put(self.entry(run=self.run, event=self.event("cancel_requested", {"reason": reason})), done)
        self.halt(RunState.CANCELLED, ErrorRecord(code="run.cancelled", message=reason))
        self.advance()

    def tell(self, signal: Signal) -> None:
        """Hand over a signal that is kept."""
        self.waiting.tell(signal)

    def suspend(self) -> None:
        """Stop without an end: the journal has what the next worker goes on with."""
        self.replanning.stop()
        self.calls.suspend()

    def die(self) -> None:
        """Let go of everything that is armed."""
        self.is_dead = True
        if self._deadline is not None:
            self._deadline.cancel()
        self.waiting.disarm()
        self.replanning.stop()
        self.calls.abandon()

    def close(self) -> None:
        """Let go of the parts that hold on to this run: it goes with its last reference, not some time later."""
        self.calls.disband()
        del self.calls, self.ends, self.waiting, self.replanning, self._starting

    def go_by(self, plan: Plan, entry: Entry, done: Done) -> None:
        """Go on by another plan, in which what has ended, and what is under way, stands as it stood.

        Args:
            plan: Within the bounds of the one in force.
            entry: Tells of it; what follows for the subtasks goes into the same.
            done: Hears when that is durable.
        """
        self.graph, self.plan = Graph(plan), plan
        self.run = self.run.model_copy(update={"plan": plan})
        self.progress = Progress(self.graph, self.progress.statuses)
        self.ends.follow_up(entry)
        self.waiting.approvals.renew(entry)
        entry.run = self.run
        self.put(entry, done)
        if self.stop is None:
            self.progress.set_off()

    def entry(
        self, *, receipt: Receipt | None = None, run: Run | None = None, event: Event | None = None
    ) -> Entry:
        """Return a new entry of this run's journal."""
        found = Entry(self.run.run_id, self.epoch, run=run)
        if receipt is not None:
            found.receipts.append(receipt)
        if event is not None:
            found.events.append(event)
        return found

    def event(self, kind: StateKind, about: Mapping[str, JsonValue] | None = None) -> Event:
        """Return an event; it is numbered when its entry is put."""
        return Event(0, kind, self.office.now_ms(), about or {})

    def put(self, entry: Entry, done: Done | None = None) -> None:
        """Number what an entry holds and give it to the journal; of a run that is given up nothing is kept."""
        if self.is_dead:
            if done is not None:
                done(Fenced("journal.broken", "what the run did before was not kept"))
            return
        for receipt in entry.receipts:
            self.last_event = receipt.event_id = self.last_event + 1
        for event in entry.events:
            self.last_event = event.event_id = self.last_event + 1
        self.office.journal.put(entry, partial(self._kept, entry, self.last_event, done))

    def note(self, receipt: Receipt) -> None:
        """Keep a receipt nothing follows from; none is kept any more once the run's end is on its way."""
        if not self._is_over:
            self.put(self.entry(receipt=receipt))

    def _kept(self, entry: Entry, event: int, done: Done | None, error: CallsheetError | None) -> None:
        if error is None:
            self.kept_event = event
            self.office.audience.tell(entry, self.run)
        if done is not None:
            done(error)
        if entry.run is not None and entry.run.state.is_final:
            for late in self._asked_late:
                late(error or Fenced("journal.closed", "the run has ended"))
        if self.is_dead:
            return
        if error is not None:
            self.die()
            self.office.lost(self, error)
        elif self._is_over and entry.run is not None and entry.run.state.is_final:
            self.die()
            self.office.over(self)
        else:
            self.calls.kept()
            self.guarded(partial(self.waiting.kept, entry))

    def _time_out(self) -> None:
        self._time_is_over()
        self.guarded(self.advance)

    def _time_is_over(self) -> None:
        message = "the run's time is over"
        if self.run.started_ms is not None and self.run.deadline_ms is not None:
            message = (
                f"the run's {(self.run.deadline_ms - self.run.started_ms) / 1000:g} s of wall time are over"
            )
        self.halt(RunState.FAILED, ErrorRecord(code="run.deadline", message=message))

    def _finish(self) -> None:
        self._is_over = True
        self.run, entry = finish(self)
        self.put(entry)
