"""The embedded engine: runs wait in a bounded queue and run in this process, so many at a time.

A run is durable before `submit` returns. Draining takes no more runs, lets the
running ones end, and cancels what is left when the time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from contracts.agent import Registry
from contracts.clock import Clock, unix_ms
from contracts.engine import Journal, Observer
from contracts.errors import CallsheetError, Unavailable
from contracts.plan import Plan
from contracts.run import EventKind, Run, RunEvent, RunState
from contracts.trace import ErrorRecord
from dispatcher.attempt import record_of
from dispatcher.execution import Execution
from dispatcher.subtask import Slots, SubtaskRunner

MakePlan = Callable[[Run], Awaitable[Plan]]

END_TRIES: Final = 10
"""About half a minute in all."""

_log = structlog.get_logger(__name__)


class LocalEngine:
    """Runs objectives in this process.

    Args:
        registry: Where agents come from.
        journal: Keeps everything.
        slots: Attempts at once, over all runs.
        plan: Makes the plan of a run that brings none.
        observer: Told of every event of every run.
        max_runs: Runs that may be under way or waiting; one more is refused.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        journal: Journal,
        slots: Slots,
        plan: MakePlan,
        observer: Observer,
        max_runs: int = 1000,
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._slots = slots
        self._plan = plan
        self._observer = observer
        self._max_runs = max_runs
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._executions: dict[str, Execution] = {}
        self._planning: dict[str, asyncio.Future[Plan]] = {}
        self._cancelled: dict[str, str] = {}
        self._is_draining = False

    @property
    def clock(self) -> Clock:
        """The engine's time."""
        return self._slots.clock

    async def submit(self, run: Run) -> None:
        """Accept a run (durable on return) and start it.

        Raises:
            Unavailable: `engine.full`, `engine.draining`.
        """
        if self._is_draining:
            raise Unavailable(
                "engine.draining", "the service is stopping", hint="Send it again when it is back."
            )
        if len(self._tasks) >= self._max_runs:
            raise Unavailable(
                "engine.full",
                f"{len(self._tasks)} runs are under way or waiting",
                hint="Try again in a few seconds.",
            )
        # the place is taken before the wait for durability, so that the bound holds
        accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(self._carry_out(run, accepted))
        self._tasks[run.run_id] = task
        task.add_done_callback(lambda _: self._forget(run.run_id))
        await accepted

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Ask a run to stop; False when it has ended or was never here."""
        if run_id not in self._tasks:
            return False
        self._cancelled.setdefault(run_id, reason)
        if run_id in self._executions:
            self._executions[run_id].cancel(reason)
        elif run_id in self._planning:
            self._planning[run_id].cancel()
        return True

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Return True once the run has ended, False after `timeout_s` seconds."""
        task = self._tasks.get(run_id)
        if task is None:
            return True
        done, _ = await asyncio.wait({task}, timeout=timeout_s)
        return bool(done)

    async def drain(self, timeout_s: float) -> None:
        """Take no more runs, give running ones `timeout_s` seconds, then cancel them and wait."""
        self._is_draining = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=timeout_s)
        for run_id in list(self._tasks):
            await self.cancel(run_id, "the service is stopping")
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _forget(self, run_id: str) -> None:
        task = self._tasks.pop(run_id)
        self._executions.pop(run_id, None)
        self._planning.pop(run_id, None)
        self._cancelled.pop(run_id, None)
        if not task.cancelled() and (crash := task.exception()) is not None:
            _log.error("run_lost", run_id=run_id, exc_info=crash)

    async def _carry_out(self, run: Run, accepted: asyncio.Future[None]) -> None:
        try:
            await self._journal.open(run)
        except CallsheetError as exc:
            accepted.set_exception(exc)
            return
        accepted.set_result(None)
        with structlog.contextvars.bound_contextvars(run_id=run.run_id):
            ended = await self._ended(run)
            await self._keep_end(ended)
            _log.info("run_ended", state=ended.state.value, error=ended.error.code if ended.error else None)
            self._tell("run_ended", ended)

    async def _keep_end(self, ended: Run) -> None:
        """Keep how a run ended; a full disk may have room again in a while."""
        for attempt in range(1, END_TRIES):
            try:
                await self._journal.update(ended)
            except Unavailable as exc:
                _log.warning("run_end_not_kept", code=exc.code, attempt=attempt)
                if self._is_draining:
                    break
                await self.clock.sleep(min(5.0, 0.2 * 2.0**attempt))
            else:
                return
        await self._journal.update(ended)

    async def _ended(self, run: Run) -> Run:
        """Return the run as it ended; here a defect of ours becomes the run's error."""
        try:
            if run.plan is None:
                run = run.model_copy(update={"plan": await self._planned(run)})
            if run.run_id in self._cancelled:
                return self._stopped(run, RunState.CANCELLED, self._reason(run.run_id))
            return await self._executed(run)
        except CallsheetError as exc:
            return self._stopped(run, RunState.FAILED, record_of(exc))
        except Exception as exc:  # noqa: BLE001  # the border: no run may stay "running" because of a defect
            _log.error("run_crashed", exc_info=exc)
            return self._stopped(
                run, RunState.FAILED, ErrorRecord(code="internal.error", message=type(exc).__name__)
            )

    async def _planned(self, run: Run) -> Plan | None:
        await self._journal.update(run.model_copy(update={"state": RunState.PLANNING}))
        planning = self._planning[run.run_id] = asyncio.ensure_future(self._plan(run))
        await asyncio.wait({planning})
        return None if planning.cancelled() else planning.result()

    async def _executed(self, run: Run) -> Run:
        run = run.model_copy(update={"state": RunState.RUNNING, "started_ms": unix_ms(self.clock.now())})
        await self._journal.update(run)
        self._tell("planned", run)
        runner = SubtaskRunner(self._registry, self._journal, self._slots, self._observer)
        execution = Execution(run, runner, journal=self._journal, slots=self._slots, observer=self._observer)
        self._executions[run.run_id] = execution
        if run.run_id in self._cancelled:
            execution.cancel(self._cancelled[run.run_id])
        return await execution.finish()

    def _reason(self, run_id: str) -> ErrorRecord:
        return ErrorRecord(code="run.cancelled", message=self._cancelled[run_id])

    def _stopped(self, run: Run, state: RunState, error: ErrorRecord) -> Run:
        return run.model_copy(update={"state": state, "error": error, "ended_ms": unix_ms(self.clock.now())})

    def _tell(self, kind: EventKind, run: Run) -> None:
        self._observer(
            RunEvent(
                kind=kind,
                run_id=run.run_id,
                at_ms=unix_ms(self.clock.now()),
                error=run.error,
                run=run,
            )
        )
