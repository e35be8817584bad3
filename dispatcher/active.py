"""The runs in memory and those that wait for a place there: taken up, let go, taken up again after a failure."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from contracts.agent import Registry
from contracts.clock import Clock
from contracts.errors import CallsheetError, Damaged, Fenced, Unavailable
from contracts.journal import Done, Entry, Journal, Opened, Unfinished
from contracts.plan import Plan
from contracts.run import Run
from contracts.trace import ErrorRecord
from dispatcher.beat import Beat
from dispatcher.beginning import first_events
from dispatcher.course import Course
from dispatcher.finishing import given_up
from dispatcher.graph import Graph
from dispatcher.ids import Ids
from dispatcher.limits import Limits
from dispatcher.office import Office
from dispatcher.planning import MakePlan, Planning
from dispatcher.replanning import MakeReplan
from dispatcher.reply import record_of
from dispatcher.slots import Slots
from dispatcher.telling import Audience
from dispatcher.timeouts import Timeouts
from dispatcher.turns import RunQueue

GRAPHS: Final = 32
AT_ONCE: Final = 500
"""Unfinished runs read from the journal at once."""
RELOAD_S: Final = 0.5
"""Before a run is taken up again that the journal could not keep; the disk may be full."""

Stop = Callable[[Course | Planning], None]

_log = structlog.get_logger(__name__)


def draining() -> Unavailable:
    """Return the refusal of an engine that stops."""
    return Unavailable("engine.draining", "the service is stopping", hint="Send it again when it is back.")


class ActiveRuns:
    """Runs by the turn each has.

    Args:
        registry: Where agents come from.
        journal: Keeps everything.
        clock: Time.
        ids: Names for traces.
        rng: For the jitter of retries.
        make_plan: Makes the plan of a run that brings none.
        replan: Makes the plan that goes on after a failure.
        audience: Told of every event once it is durable.
        limits: How much at once.
        ended: Told the name of every run that has ended, durably.
        parked: Told of a run that left memory, and until when.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        rng: random.Random,
        make_plan: MakePlan,
        replan: MakeReplan,
        audience: Audience,
        limits: Limits,
        ended: Callable[[str], None],
        parked: Callable[[int | None], None],
    ) -> None:
        self.slots = Slots(limits)
        self.queue = RunQueue()
        self.active: dict[str, Course | Planning] = {}
        self.is_draining = False
        self._limits = limits
        self._journal = journal
        self._clock = clock
        self._make_plan = make_plan
        self._tell_ended = ended
        self._tell_parked = parked
        self._office = Office(
            registry, journal, clock, ids, rng, limits, self.slots, Timeouts(), Beat(), audience,
            over=self._course_over, parked=self._course_parked, lost=self._course_lost, replan=replan,
            crashed=self._crashed,
        )  # fmt: skip
        self._graphs: OrderedDict[str, Graph] = OrderedDict()
        self._reloads: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._unread: int | None = None
        """The journal's unfinished runs past this `seq` are still to be queued; None: all are."""

    @property
    def count(self) -> int:
        """How many are in memory or wait for a place there."""
        return len(self.queue) + len(self.active)

    def take_up_unfinished(self) -> None:
        """Queue what the journal left unfinished, some at a time."""
        self._unread = 0
        self.take_turns()

    def take_turns(self) -> None:
        """Take runs into memory as long as there is room."""
        if self._unread is not None and len(self.queue) < AT_ONCE:
            self._read_unfinished(self._unread)
        while len(self.queue) and len(self.active) < self._limits.active_runs and not self.is_draining:
            self._activate(*self.queue.pop())

    def enqueue(self, found: Sequence[Unfinished]) -> None:
        """Queue runs the journal told of."""
        for one in found:
            if one.run_id not in self.active:
                self.queue.push(one.run_id, created_ms=one.created_ms, priority=one.priority)

    def cancel(self, run_id: str, reason: str, done: Done) -> bool:
        """Stop a run, also out of its turn and without starting it; False when it is over or was never here."""
        if run_id in self.active:
            self.active[run_id].cancel(reason, done)
            return True
        state = self._journal.state(run_id)
        if run_id not in self.queue and (state is None or state.is_final):
            return False
        if self.is_draining:
            done(draining())
            return True
        found = self._activate(run_id, self.queue.take(run_id), lambda active: active.cancel(reason, done))
        if found is not None:
            done(found)
        return True

    def stop_reloading(self) -> None:
        """Take nothing up again."""
        for task in self._reloads.values():
            task.cancel()

    def _read_unfinished(self, after: int) -> None:
        found = self._journal.unfinished(after=after, limit=AT_ONCE)
        self._unread = found[-1].seq if len(found) == AT_ONCE else None
        self.enqueue(found)

    def _activate(self, run_id: str, run: Run | None, stop: Stop | None = None) -> CallsheetError | None:
        """Take a run into memory: a fresh one as it was accepted, another as its journal tells; or say why not.

        Args:
            run_id: Which.
            run: As it was accepted; None when the journal has it.
            stop: Stops it before it does anything.
        """
        try:
            if run is None and self._is_over(run_id):
                self._tell_ended(run_id)
                return None
            opened = Opened(run, 1, len(first_events(run))) if run is not None else self._opened(run_id)
        except CallsheetError as exc:
            _log.error("run_unreadable", run_id=run_id, code=exc.code, error=exc.message)
            self._reload_later(run_id, exc)
            return exc
        if opened.run.plan is None:
            self._begin_planning(opened, stop)
        else:
            self._begin_course(opened, stop)
        return None

    def _is_over(self, run_id: str) -> bool:
        state = self._journal.state(run_id)
        return state is not None and state.is_final

    def _opened(self, run_id: str) -> Opened:
        return self._journal.open(run_id, done=lambda error: self._open_failed(run_id, error))

    def _open_failed(self, run_id: str, error: CallsheetError | None) -> None:
        active = self.active.get(run_id)
        if error is not None and active is not None:
            active.die()  # its epoch will be somebody else's: nothing it still gives may be kept under it
            self._lost(run_id, error)

    def _begin_planning(self, opened: Opened, stop: Stop | None) -> None:
        planning = Planning(
            self._office,
            opened,
            make_plan=self._make_plan,
            planned=self._begin_course,
            ended=self._over,
            lost=self._lost,
        )
        self.active[opened.run.run_id] = planning
        planning.begin()
        if stop is not None:
            stop(planning)

    def _begin_course(self, opened: Opened, stop: Stop | None = None) -> None:
        self._count += 1
        assert opened.run.plan is not None
        course = Course(self._office, opened, graph=self._graph(opened.run.plan), number=self._count)
        self.active[opened.run.run_id] = course
        course.begin(stop)

    def _graph(self, plan: Plan) -> Graph:
        found = self._graphs.pop(plan.plan_id, None) or Graph(plan)
        self._graphs[plan.plan_id] = found
        if len(self._graphs) > GRAPHS:
            self._graphs.popitem(last=False)
        return found

    def _course_over(self, course: Course) -> None:
        course.close()
        self._over(course.run)

    def _over(self, run: Run) -> None:
        self.active.pop(run.run_id, None)
        code = run.error.code if run.error else None
        _log.info("run_ended", run_id=run.run_id, state=run.state.value, error=code)
        self._tell_ended(run.run_id)
        self.take_turns()

    def _course_parked(self, course: Course, until_ms: int | None) -> None:
        course.close()
        self.active.pop(course.run.run_id, None)
        self._tell_parked(until_ms)
        self.take_turns()

    def _course_lost(self, course: Course, error: CallsheetError) -> None:
        self._lost(course.run.run_id, error)

    def _crashed(self, course: Course, crash: Exception) -> None:
        """End a run that a defect of ours broke: opened anew, so that nothing it still does counts."""
        run_id = course.run.run_id
        _log.error("run_crashed", run_id=run_id, exc_info=crash)
        course.die()
        self._fail(run_id, ErrorRecord(code="internal.error", message=type(crash).__name__))

    def _fail(self, run_id: str, error: ErrorRecord) -> None:
        # What it gave the journal before comes first: only then its epoch and its last event are known.
        self._journal.flush(lambda _: self._keep_failure(run_id, error))

    def _keep_failure(self, run_id: str, error: ErrorRecord) -> None:
        try:
            opened = self._opened(run_id)
        except CallsheetError as exc:
            self._lost(run_id, exc)
            return
        ended, entry = given_up(opened, error, ids=self._office.ids, now_ms=self._office.now_ms())
        self._journal.put(entry, lambda failure: self._end_kept(entry, ended, failure))

    def _end_kept(self, entry: Entry, run: Run, failure: CallsheetError | None) -> None:
        if failure is None:
            self._office.audience.tell(entry, run)
            self._over(run)
        else:
            self._lost(run.run_id, failure)

    def _lost(self, run_id: str, error: CallsheetError) -> None:
        self.active.pop(run_id, None)
        _log.warning("run_not_kept", run_id=run_id, code=error.code, error=error.message)
        if error.code == "journal.closed":
            self._tell_ended(run_id)
        elif isinstance(error, Unavailable) or error.code == "journal.broken":
            self._reload_later(run_id, error)
        elif not isinstance(error, Fenced | Damaged):
            self._fail(run_id, record_of(error))
        self.take_turns()

    def _reload_later(self, run_id: str, error: CallsheetError) -> None:
        if self.is_draining or run_id in self._reloads or not isinstance(error, Unavailable | Fenced):
            return
        self._reloads[run_id] = asyncio.get_running_loop().create_task(self._reload(run_id))

    async def _reload(self, run_id: str) -> None:
        await self._clock.sleep(RELOAD_S)
        del self._reloads[run_id]
        if run_id not in self.active:
            self.queue.push(run_id, created_ms=0, priority=0)
            self.take_turns()
