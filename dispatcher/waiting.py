"""What a run waits for without a coroutine: approvals, signals, times.

A wait is a row in the journal. When nothing else is under way the run parks:
it leaves memory, and a signal or its time brings it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from pydantic import JsonValue

from contracts.agent import Parked
from contracts.clock import unix_ms
from contracts.journal import Entry, Opened, Signal, Wait
from contracts.run import RunState
from contracts.trace import ErrorRecord
from dispatcher.approvals import Approvals
from dispatcher.history import Name
from dispatcher.reply import DECISIONS
from dispatcher.work import Work

if TYPE_CHECKING:
    from dispatcher.course import Course

_log = structlog.get_logger(__name__)


class Waiting:
    """The waits of one run.

    Args:
        course: Whose waits they are.
        opened: As the journal gave it.
    """

    def __init__(self, course: Course, opened: Opened) -> None:
        self._course = course
        self.approvals = Approvals(course, opened)
        self._works: dict[Name, tuple[Wait, Work]] = {}
        self._alarms: dict[Name, asyncio.TimerHandle] = {}
        self._signals: list[Signal] = []
        self._parking: Entry | None = None
        self.has_parked = False
        """Whether the journal may hold a time to look at the run again."""
        self._news: list[Signal] = []
        self._heard = opened.heard
        self._known: set[str] = set()
        """Ids of signals that were handed over."""

    def take_up(self, work: Work, wait: Wait) -> None:
        """Wait on, as before a restart."""
        self._register(work, wait)

    def answer(self, work: Work, wait: Wait) -> None:
        """Give an element again what it waited for: an earlier attempt had it, and another follows."""
        work.ended_wait, work.is_due = wait, True
        for signal in self._signals:
            if wait.kind == "signal" and signal.name == wait.name:
                self._signals.remove(signal)
                work.signals, work.taken, work.is_due = {signal.name: signal.payload}, (signal,), False
                return

    def park_work(self, work: Work, parked: Parked, entry: Entry) -> None:
        """Let an element wait for what its agent asked for."""
        until = None if parked.until is None else unix_ms(parked.until)
        sid, index = work.name
        now = self._course.office.now_ms()
        if parked.signal is not None:
            wait = Wait(sid, index, "signal", parked.signal, until, now)
        else:
            wait = Wait(sid, index, "timer", "", until, now)
        entry.waits.append(wait)
        about: dict[str, JsonValue] = {"subtask_id": sid, "item_index": index, "signal": parked.signal}
        entry.events.append(self._course.event("parked", about | {"until_ms": until}))
        work.signals, work.is_due = {}, False
        self._register(work, wait)

    def take_all(self, signals: Sequence[Signal]) -> None:
        """Take what came while the run was not in memory; what follows from it is left to `advance`."""
        for signal in signals:
            if self._course.stop is None and self._is_news(signal):
                self._take(signal)

    def tell(self, signal: Signal) -> None:
        """Hand over a signal that is kept; one that was handed over before changes nothing."""
        if self._course.is_dead or not self._is_news(signal):
            return
        if self._parking is not None:
            self._news.append(signal)
            return
        self._course.guarded(partial(self._take, signal))
        self._course.guarded(self._course.advance)

    def _is_news(self, signal: Signal) -> bool:
        if signal.signal_id in self._known:
            return False
        self._known.add(signal.signal_id)
        return True

    def _take(self, signal: Signal) -> None:
        if signal.name in DECISIONS:
            self.approvals.decide(signal)
        else:
            if signal.signal_id not in self._heard:
                about: dict[str, JsonValue] = {"name": signal.name, "signal_id": signal.signal_id}
                entry = self._course.entry(event=self._course.event("signalled", about))
                entry.is_awake = True
                self._course.put(entry)
            self._give_or_hold(signal)

    def park(self) -> None:
        """Leave memory until something comes; nothing is under way."""
        if self._parking is not None:
            return
        self.has_parked = True
        course = self._course
        if not self._works and not self.approvals.waiting:
            _log.error("run_stuck", run_id=course.run.run_id)
            course.halt(
                RunState.FAILED, ErrorRecord(code="internal.error", message="nothing can start any more")
            )
            course.office.slots.pump()
            asyncio.get_running_loop().call_soon(course.guarded, course.advance)
            return
        needs_person = bool(self.approvals.waiting) or any(
            w.kind == "signal" for w, _ in self._works.values()
        )
        wakes = [w.until_ms for w, _ in self._works.values() if w.until_ms is not None]
        change = {"state": RunState.AWAITING_APPROVAL if needs_person else RunState.RUNNING}
        course.run = course.run.model_copy(update={**change, **self._paused_deadline()})
        if course.run.deadline_ms is not None:
            wakes.append(course.run.deadline_ms)
        about: dict[str, JsonValue] = {
            "approvals": [*sorted(self.approvals.waiting)],
            "signals": [*sorted({w.name for w, _ in self._works.values() if w.kind == "signal"})],
        }
        event = course.event("awaiting_approval", about) if needs_person else None
        self._parking = course.entry(run=course.run, event=event)
        self._parking.wake_ms = min(wakes, default=None)
        course.put(self._parking)

    def kept(self, entry: Entry) -> None:
        """Leave memory once the parking is durable, unless something came meanwhile."""
        if entry is not self._parking:
            return
        self._parking = None
        course = self._course
        if course.stop is not None:
            return
        if not self._news:
            course.die()
            course.office.parked(course, entry.wake_ms)
            return
        course.run = course.run.model_copy(update={"state": RunState.RUNNING})
        course.set_clock_going()
        again = course.entry(run=course.run)
        again.is_awake = True
        course.put(again)
        news, self._news = self._news, []
        for signal in news:
            self._take(signal)
        self._ring_late()
        course.advance()

    def unpark(self) -> None:
        """Wait for nothing any more: the run stops."""
        self.disarm()
        self._works.clear()
        self.approvals.waiting.clear()

    def disarm(self) -> None:
        """Let no time wake anything."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()

    def _register(self, work: Work, wait: Wait) -> None:
        found = next((s for s in self._signals if wait.kind == "signal" and s.name == wait.name), None)
        if found is not None:
            self._signals.remove(found)
            self._give(work, wait, found)
            return
        left_s = 0.0 if wait.until_ms is None else (wait.until_ms - self._course.office.now_ms()) / 1000
        if wait.until_ms is not None and left_s <= 0:
            work.is_due, work.ended_wait = True, wait
            self._course.calls.offer(work)
            return
        self._works[work.name] = (wait, work)
        if wait.until_ms is not None:
            loop = asyncio.get_running_loop()
            self._alarms[work.name] = loop.call_later(left_s, self._come_due, work.name)

    def _come_due(self, name: Name) -> None:
        self._alarms.pop(name, None)
        if self._parking is not None or self._course.is_dead or name not in self._works:
            return  # parked: the journal wakes the run
        wait, work = self._works.pop(name)
        work.is_due, work.ended_wait = True, wait
        self._course.calls.offer(work)
        self._course.office.slots.pump()

    def _ring_late(self) -> None:
        """Wake whose time came while the run went to rest, as it stays awake: no alarm rings for them again."""
        for name, (wait, _) in list(self._works.items()):
            if wait.until_ms is not None and name not in self._alarms:
                self._come_due(name)

    def _give_or_hold(self, signal: Signal) -> None:
        for name, (wait, work) in self._works.items():
            if wait.kind == "signal" and wait.name == signal.name:
                del self._works[name]
                alarm = self._alarms.pop(name, None)
                if alarm is not None:
                    alarm.cancel()
                self._give(work, wait, signal)
                return
        self._signals.append(signal)

    def _give(self, work: Work, wait: Wait, signal: Signal) -> None:
        work.signals, work.taken, work.ended_wait = {signal.name: signal.payload}, (signal,), wait
        self._course.calls.offer(work)

    def _paused_deadline(self) -> Mapping[str, int | None]:
        """Stop the operator's clock while nothing is under way; a time the plan or the caller gave runs on."""
        run, plan = self._course.run, self._course.plan
        has_own = plan.budget is not None and plan.budget.wall_s is not None
        if run.started_ms is None or run.deadline_ms is None or has_own:
            return {}
        by_operator = run.started_ms + round(self._course.office.limits.run_timeout_s * 1000)
        if run.deadline_ms < by_operator:
            return {}
        return {"deadline_ms": None, "left_ms": max(0, run.deadline_ms - self._course.office.now_ms())}
