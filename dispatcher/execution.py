"""One run of one plan: subtasks start as their dependencies end, at most so many attempts at once.

Event-driven: an ended subtask frees what waited for it, nothing polls and no
level waits for its slowest. A subtask counts as ended when its trace and its
value are durable. A failed subtask skips what depends on it; the rest goes on.
"""

from __future__ import annotations

import asyncio

from pydantic import JsonValue

from contracts.clock import unix_ms
from contracts.engine import Journal, Observer
from contracts.errors import AttemptFailed, CallsheetError
from contracts.plan import Plan, Subtask
from contracts.run import EventKind, Run, RunEvent, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus
from dispatcher.attempt import record_of
from dispatcher.inputs import elements_of
from dispatcher.schedule import Schedule
from dispatcher.subtask import Result, Slots, SubtaskRunner
from memory.context import SharedContext


class Execution:
    """A run on its way.

    Args:
        run: With its plan; in state running.
        runner: Makes the attempts.
        journal: Keeps what happened.
        slots: Shared with other runs; the clock, names and the time a run may take.
        observer: Told of every event.
    """

    def __init__(
        self, run: Run, runner: SubtaskRunner, *, journal: Journal, slots: Slots, observer: Observer
    ) -> None:
        if run.plan is None:
            raise ValueError(f"run {run.run_id!r} has no plan")
        self._run = run
        self._plan: Plan = run.plan
        self._runner = runner
        self._journal = journal
        self._clock = slots.clock
        self._ids = slots.ids
        self._timeout_s = slots.run_timeout_s
        self._observer = observer
        self._context = SharedContext()
        self._schedule = Schedule(self._plan.subtasks)
        self._ended: asyncio.Queue[tuple[Subtask, asyncio.Task[Result]]] = asyncio.Queue()
        self._tasks: dict[str, asyncio.Task[Result]] = {}
        self._statuses: dict[str, TraceStatus] = {}
        self._stop: tuple[RunState, ErrorRecord] | None = None

    def cancel(self, reason: str) -> None:
        """Stop what runs and start nothing more; the run ends as cancelled."""
        self._halt(RunState.CANCELLED, ErrorRecord(code="run.cancelled", message=reason))

    async def finish(self) -> Run:
        """Run every subtask that can be run; return the run as it ended (not journaled yet)."""
        for key, value in self._plan.inputs.items():
            self._context.set(key, value, by="caller")
        deadline = self._arm_deadline()
        try:
            for subtask in self._schedule.ready():
                self._start(subtask)
            while self._tasks:
                await self._settle(*await self._ended.get())
        finally:
            deadline.cancel()
            await self._abandon()
        await self._trace_unstarted()
        return self._outcome()

    def _arm_deadline(self) -> asyncio.TimerHandle:
        asked = self._plan.budget.wall_s if self._plan.budget else None
        wall_s = min(asked or self._timeout_s, self._timeout_s)
        error = ErrorRecord(code="run.deadline", message=f"the run's {wall_s:g} s of wall time are over")
        return asyncio.get_running_loop().call_later(wall_s, self._halt, RunState.FAILED, error)

    def _halt(self, state: RunState, error: ErrorRecord) -> None:
        if self._stop is None:
            self._stop = (state, error)
            for task in self._tasks.values():
                task.cancel()

    def _start(self, subtask: Subtask) -> None:
        if self._stop is None:
            task = asyncio.ensure_future(self._carry_out(subtask))
            self._tasks[subtask.id] = task
            task.add_done_callback(lambda ended: self._ended.put_nowait((subtask, ended)))

    async def _carry_out(self, subtask: Subtask) -> Result:
        self._tell("subtask_started", subtask)
        try:
            values = {k: self._context.get(k) for k in subtask.input_keys if self._context.has(k)}
            elements = elements_of(subtask, values)
            if not elements:
                return await self._keep_empty(subtask)
            result = await self._runner.run(self._run, self._plan, subtask, elements)
        except CallsheetError as exc:  # its inputs or its agent cannot be had
            await self._refuse(subtask, TraceStatus.FAILURE, exc)
            return Result(TraceStatus.FAILURE)
        if result.status.has_output:
            self._context.set(subtask.output_key, result.output, by=subtask.id)
        return result

    async def _keep_empty(self, subtask: Subtask) -> Result:
        trace = self._unstarted(subtask, TraceStatus.SUCCESS, output=[])
        await self._journal.put([trace], values={subtask.output_key: []}, written_by=subtask.id)
        self._context.set(subtask.output_key, [], by=subtask.id)
        return Result(TraceStatus.SUCCESS, [])

    async def _settle(self, subtask: Subtask, task: asyncio.Task[Result]) -> None:
        del self._tasks[subtask.id]
        result = Result(TraceStatus.CANCELLED, is_traced=False) if task.cancelled() else task.result()
        if result.status is TraceStatus.CANCELLED and not result.is_traced:
            return  # traced at the end, with all that never started
        self._note(subtask, result.status)
        if result.status.has_output:
            for freed in self._schedule.done(subtask.id):
                self._start(freed)
        elif self._stop is None:
            await self._skip_after(subtask)

    def _note(self, subtask: Subtask, status: TraceStatus) -> None:
        self._statuses[subtask.id] = status
        self._tell("subtask_ended", subtask, status=status)

    async def _skip_after(self, subtask: Subtask) -> None:
        for skipped, cause in self._schedule.failed(subtask.id):
            reason = AttemptFailed("subtask.skipped", f"{cause!r} produced nothing", where=cause)
            await self._refuse(skipped, TraceStatus.SKIPPED, reason)
            self._note(skipped, TraceStatus.SKIPPED)

    async def _trace_unstarted(self) -> None:
        if self._stop is None:
            return
        reason = AttemptFailed(self._stop[1].code, self._stop[1].message)
        for subtask in self._plan.subtasks:
            if subtask.id not in self._statuses:
                await self._refuse(subtask, TraceStatus.CANCELLED, reason)
                self._note(subtask, TraceStatus.CANCELLED)

    async def _refuse(self, subtask: Subtask, status: TraceStatus, error: CallsheetError) -> None:
        await self._journal.put(
            [self._unstarted(subtask, status, error=error)], values={}, written_by=subtask.id
        )

    def _unstarted(
        self,
        subtask: Subtask,
        status: TraceStatus,
        *,
        output: JsonValue = None,
        error: CallsheetError | None = None,
    ) -> ExecutionTrace:
        now_ms = unix_ms(self._clock.now())
        return ExecutionTrace(
            trace_id=self._ids.new(),
            task_id=self._run.run_id,
            agent_type=subtask.required_agent,
            output=output,
            status=status,
            timestamp=now_ms // 1000,
            metadata=TraceMetadata(
                subtask_id=subtask.id,
                attempt=0,
                started_ms=now_ms,
                objective=subtask.objective,
                plan_id=self._plan.plan_id,
                error=record_of(error) if error else None,
            ),
        )

    async def _abandon(self) -> None:
        """After a crash of our own: leave nothing running behind."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _outcome(self) -> Run:
        state, error = self._stop or self._verdict()
        return self._run.model_copy(
            update={
                "state": state,
                "error": error,
                "result": self._result(),
                "subtasks": {s.id: self._statuses[s.id] for s in self._plan.subtasks},
                "ended_ms": unix_ms(self._clock.now()),
            }
        )

    def _verdict(self) -> tuple[RunState, ErrorRecord | None]:
        key = self._plan.result_key
        lost = [s.id for s in self._plan.subtasks if not self._statuses[s.id].has_output]
        if self._context.has(key) if key is not None else not lost:
            return RunState.SUCCEEDED, None
        what = f"{key!r} was not produced" if key is not None else "a subtask failed"
        return RunState.FAILED, ErrorRecord(
            code="run.failed",
            message=f"{what}; without output: {', '.join(lost[:10])}",
            hint="Look at the traces of those subtasks.",
        )

    def _result(self) -> JsonValue:
        if self._plan.result_key is not None:
            return (
                self._context.get(self._plan.result_key) if self._context.has(self._plan.result_key) else None
            )
        awaited = {d for s in self._plan.subtasks for d in s.dependencies}
        ends = [
            s.output_key
            for s in self._plan.subtasks
            if s.id not in awaited and self._context.has(s.output_key)
        ]
        found = {key: self._context.get(key) for key in ends}
        return found[ends[0]] if len(ends) == 1 else found

    def _tell(self, kind: EventKind, subtask: Subtask, *, status: TraceStatus | None = None) -> None:
        self._observer(
            RunEvent(
                kind=kind,
                run_id=self._run.run_id,
                at_ms=unix_ms(self._clock.now()),
                subtask_id=subtask.id,
                agent_type=subtask.required_agent,
                status=status,
            )
        )
