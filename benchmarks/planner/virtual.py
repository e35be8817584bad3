"""A plan run by the real engine and journal in virtual time: agents that only take long, on a simulated file."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.durable.noop import Given
from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.clock import Clock, unix_ms
from contracts.plan import Plan
from contracts.run import Run, RunState
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from dispatcher.limits import Limits
from simulation.clock import LoopClock
from simulation.database import PATH, SimDatabase, SimWriter
from simulation.disk import Disk, SimFile
from simulation.loop import VirtualLoop
from simulation.opening import File, fresh_image
from traces.redaction import Redactor

FOREVER_S = 1e10


@dataclass
class Ran:
    """How a run went."""

    makespan_s: float
    """From its submission until its end was durable."""
    has_succeeded: bool
    began_s: dict[str, float] = field(default_factory=dict)
    """Subtask -> when its agent was called."""
    ended_s: dict[str, float] = field(default_factory=dict)

    def keeps_order(self, plan: Plan) -> bool:
        """Say whether every subtask ran, once those it waits for had ended."""
        return all(
            s.id in self.began_s and all(self.ended_s[d] <= self.began_s[s.id] for d in s.dependencies)
            for s in plan.subtasks
        )


def run_virtually(
    plan: Plan, seconds: Mapping[str, float], *, agents: Sequence[str], slots: int, seed: int = 1
) -> Ran:
    """Run a plan whose subtasks take so long.

    Args:
        plan: Checked.
        seconds: Subtask -> virtual seconds; 0 where it is absent.
        agents: Their names.
        slots: Attempts at once.
        seed: Of what asyncio and the disk leave open.
    """
    disk = Disk(random.Random(seed))
    disk.files[PATH] = SimFile(fresh_image(), was_synced=True)
    connection = (file := File(disk)).open()
    loop = VirtualLoop(random.Random(seed))
    writer = SimWriter(connection, loop=loop, rng=random.Random(seed), disk=disk, died=loop.halt)
    database = SimDatabase(connection, writer)
    ran = Ran(0.0, has_succeeded=False)
    try:
        clock = LoopClock(loop, 0.0)
        loop.run_until_complete(_run(plan, seconds, agents, slots, clock=clock, database=database, ran=ran))
    finally:
        loop.close()
        database.close()
        del file  # its VFS must outlive the connection
    return ran


async def _run(
    plan: Plan,
    seconds: Mapping[str, float],
    agents: Sequence[str],
    slots: int,
    *,
    clock: Clock,
    database: SimDatabase,
    ran: Ran,
) -> None:
    ids = Ids(clock, random.Random(0))
    journal = StorageJournal(database, files=None, redactor=Redactor(()))
    run = Run(
        run_id=ids.new(), objective=plan.objective, state=RunState.QUEUED, plan=plan,
        created_ms=unix_ms(clock.now()),
    )  # fmt: skip
    engine = LocalEngine(
        registry=Given([Taker(n, seconds, clock=clock, ran=ran) for n in agents]), journal=journal, clock=clock, ids=ids,
        rng=random.Random(0), plan=_no_plan, observer=None,
        limits=Limits(slots=slots, run_timeout_s=FOREVER_S),
    )  # fmt: skip
    began = clock.monotonic()
    await engine.submit(run)
    await engine.wait(run.run_id)
    ran.makespan_s = clock.monotonic() - began
    ran.has_succeeded = journal.state(run.run_id) is RunState.SUCCEEDED
    await engine.drain(1.0)
    journal.close()


async def _no_plan(run: Run) -> Plan:
    raise NotImplementedError


def taker_card(name: str) -> AgentCard:
    """Return the card of an agent that takes anything and gives nothing."""
    return AgentCard(
        name=name, version="1.0.0", description="Takes time.", takes={}, gives={}, timeout_s=FOREVER_S
    )


class Taker:
    """Takes as long as its subtask does."""

    def __init__(self, name: str, seconds: Mapping[str, float], *, clock: Clock, ran: Ran) -> None:
        self.card = taker_card(name)
        self._seconds = seconds
        self._clock = clock
        self._ran = ran

    async def run(self, call: AgentCall) -> AgentReply:
        """Return when the time is over."""
        self._ran.began_s[call.subtask_id] = self._clock.monotonic()
        await self._clock.sleep(self._seconds.get(call.subtask_id, 0.0))
        self._ran.ended_s[call.subtask_id] = self._clock.monotonic()
        return AgentReply(None)
