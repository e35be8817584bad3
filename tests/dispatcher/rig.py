"""A rig for runs: the real engine and journal over one database file, agents made of functions.

`die()` ends it as a killed process ends; a second rig on the same folder is
the next process.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from contracts.clock import Clock, unix_ms
from contracts.journal import Signal
from contracts.plan import Plan, load_plan
from contracts.replanning import Failed
from contracts.run import Run, RunEvent, RunState
from contracts.trace import ExecutionTrace
from dispatcher.course import Course
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.limits import Limits
from dispatcher.replanning import nobody_replans
from storage.queries import intents_of_run
from tests.dispatcher.acting import Agents, FakeClock, step
from tests.dispatcher.mortal import Mortal, Recorded
from traces.events import EventLine, EventStore
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceStore


class Rig:
    """Runs plans to their end, over one database file; a second rig on the file is the next process."""

    def __init__(
        self,
        folder: Path,
        concurrency: int = 8,
        *,
        clock: Clock | None = None,
        secrets: Sequence[str] = (),
        **limits: Any,
    ) -> None:
        self.clock: Any = clock or FakeClock()
        self.agents = Agents()
        self.events: list[RunEvent] = []
        self.plans: dict[str, Plan] = {}
        self.planner: Callable[[Run], Awaitable[Any]] = self._planned
        self.replanner: Callable[[Failed], Awaitable[Plan]] = nobody_replans
        self.failures: list[Failed] = []
        self.database = Mortal.open(folder / "rig.db")
        self.journal = Recorded(self.database, Redactor(secrets))
        self.runs = RunStore(self.database.reader())
        self.last = ""
        self.worker: asyncio.Task[None] | None = None
        self._is_closed = False
        self.engine = LocalEngine(
            registry=self.agents,
            journal=self.journal,
            clock=self.clock,
            ids=Ids(self.clock, random.Random()),
            rng=random.Random(7),
            plan=self._make_plan,
            replan=self._replan,
            observer=self.events.append,
            limits=Limits(slots=concurrency, **{"stop_grace_s": 0.05, **limits}),
        )

    async def _make_plan(self, run: Run) -> Any:
        return await self.planner(run)

    async def _replan(self, failed: Failed) -> Plan:
        self.failures.append(failed)
        return await self.replanner(failed)

    async def _planned(self, run: Run) -> Plan:
        return self.plans[run.objective]

    def work(self) -> None:
        """Take up what the journal left, as a worker does."""
        self.worker = asyncio.get_running_loop().create_task(self.engine.run_worker())

    def new_run(self, *subtasks: Mapping[str, Any], run: Mapping[str, Any] | None = None, **plan: Any) -> Run:
        self.last = f"r{len(self.journal.entries)}_{random.getrandbits(40):x}"
        document = {"objective": "x", "subtasks": list(subtasks), **plan}
        given = {"run_id": self.last, "created_ms": unix_ms(self.clock.now()), **(run or {})}
        self.last = given["run_id"]
        return Run(objective="x", state=RunState.QUEUED, plan=load_plan(document), **given)

    async def start(self, *subtasks: Mapping[str, Any], **plan: Any) -> str:
        run = self.new_run(*subtasks, **plan)
        await self.engine.submit(run)
        return run.run_id

    async def run(self, *subtasks: Mapping[str, Any], **plan: Any) -> Run:
        return await self.end_of(await self.start(*subtasks, **plan))

    async def end_of(self, run_id: str) -> Run:
        """Return a run once it has ended."""
        assert await self.engine.wait(run_id, 10), f"{run_id} has not ended: {self.lines(run_id)[-5:]}"
        return self.ended(run_id)

    async def under_way(self, name: str = "send", **more: Any) -> str:
        """Start a run whose second subtask is an agent's; return once that agent is called."""
        run_id = await self.start(step("a"), step("b", "a", agent=name, **more))
        await self.until(lambda: self.agents.known[name].calls)
        return run_id

    async def parked(self, run_id: str) -> Run:
        """Return a run once it has left memory and waits."""
        await self.until(lambda: self.engine.status(run_id) == "parked")
        return self.ended(run_id)

    async def tell(self, run_id: str, name: str, payload: JsonValue = None, *, signal_id: str = "") -> None:
        """Send a signal."""
        signal_id = signal_id or f"s{random.getrandbits(60):x}"
        await self.engine.signal(Signal(run_id, signal_id, name, payload, unix_ms(self.clock.now())))

    async def decide(self, run_id: str, name: str, subtask: str | None = None, **more: Any) -> None:
        """Approve or reject what a run waits for."""
        plan = self.ended(run_id).plan
        assert plan is not None
        await self.tell(run_id, name, {"plan_id": plan.plan_id, "subtask": subtask, **more})

    def ended(self, run_id: str) -> Run:
        return self.runs.get(run_id)

    def statuses(self, run_id: str = "") -> dict[str, str]:
        return {k: v.value for k, v in self.ended(run_id or self.last).subtasks.items()}

    def kept(self, run_id: str) -> list[ExecutionTrace]:
        """Return every trace of a run that is on the disk, in order."""
        return list(TraceStore(self.journal._kept._reader).whole_of_run(run_id))

    def attempts(self, run_id: str) -> list[tuple[str, int | None, int, str]]:
        """Return each kept trace as subtask, element, attempt, status."""
        traces = ((t.metadata, t.status.value) for t in self.kept(run_id))
        return [(m.subtask_id, m.item_index, m.attempt, status) for m, status in traces]

    def codes(self, run_id: str = "") -> dict[str, str]:
        """Return the last error code of each subtask that has one."""
        traces = self.kept(run_id or self.last)
        return {t.metadata.subtask_id: t.metadata.error.code for t in traces if t.metadata.error}

    def intents(self, run_id: str) -> int:
        """Return how many intents of a run are on the disk."""
        return len(self.journal._kept._reader.query(*intents_of_run(run_id)))

    def lines(self, run_id: str) -> tuple[EventLine, ...]:
        """Return a run's events; a gap in their numbers raises."""
        return EventStore(self.journal._kept._reader).of_run(run_id, limit=10_000)

    def kinds(self, run_id: str) -> list[str]:
        """Return what a run's events are."""
        return [line.kind for line in self.lines(run_id)]

    async def until(self, what: Callable[[], object]) -> None:
        """Return once something holds."""
        async with asyncio.timeout(10):
            while not what():  # noqa: ASYNC110  # what is waited for has no event of its own
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        if self.database.died.is_set() and not self._is_closed:
            await self.die()
        elif not self._is_closed:
            self._is_closed = True
            async with asyncio.timeout(10):
                await self.engine.drain(0)
            self.journal.close()
            self.database.close()

    async def die(self) -> None:
        """End as a killed process does: nothing more is written, told or begun by it."""
        self._is_closed = True
        self.database.died.set()
        self.database.is_silent = True
        runs = self.engine._runs
        runs.is_draining = runs.slots.is_closed = True
        self.engine._watch.stop()
        for course in self._courses():
            course.die()
        ended = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        self.database.close()

    def _courses(self) -> Iterator[Course]:
        return (active for active in list(self.engine._runs.active.values()) if isinstance(active, Course))
