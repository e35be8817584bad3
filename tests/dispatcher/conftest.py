"""A rig for runs without files: real dispatcher, agents made of functions, a journal that remembers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.errors import NotFound
from contracts.plan import Plan, load_plan
from contracts.run import Run, RunEvent, RunState
from contracts.trace import ExecutionTrace
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.retry import Backoff
from dispatcher.subtask import Slots

Body = Callable[[AgentCall], Awaitable[Any]]


class FakeClock:
    """Time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 16, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


class FunctionAgent:
    """An agent whose body is a function of the call."""

    def __init__(self, name: str, body: Body, **card: Any) -> None:
        self.card = AgentCard(name=name, version="1.0.0", description=name, takes={}, gives={}, **card)
        self.body = body
        self.calls: list[AgentCall] = []

    async def run(self, call: AgentCall) -> AgentReply:
        self.calls.append(call)
        found = await self.body(call)
        return found if isinstance(found, AgentReply) else AgentReply(found)


@dataclass
class Memory:
    """A journal that remembers; each entry is one transaction."""

    runs: list[Run] = field(default_factory=list)
    units: list[tuple[tuple[ExecutionTrace, ...], dict[str, JsonValue]]] = field(default_factory=list)

    async def open(self, run: Run) -> None:
        self.runs.append(run)

    async def update(self, run: Run) -> None:
        self.runs.append(run)

    async def put(
        self, traces: Sequence[ExecutionTrace], *, values: Mapping[str, JsonValue], written_by: str
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        self.units.append((tuple(traces), dict(values)))

    @property
    def traces(self) -> list[ExecutionTrace]:
        return [t for unit, _ in self.units for t in unit]


class Agents:
    """A registry of function agents."""

    def __init__(self) -> None:
        self.known: dict[str, FunctionAgent] = {}

    def add(self, name: str, body: Body, **card: Any) -> FunctionAgent:
        self.known[name] = FunctionAgent(name, body, **card)
        return self.known[name]

    def get(self, name: str) -> FunctionAgent:
        if name not in self.known:
            raise NotFound("agent.unknown", f"no agent is called {name!r}")
        return self.known[name]

    def cards(self) -> list[AgentCard]:
        return [a.card for a in self.known.values()]


class Rig:
    """Runs plans to their end."""

    def __init__(self, concurrency: int = 8) -> None:
        self.clock = FakeClock()
        self.agents = Agents()
        self.journal = Memory()
        self.events: list[RunEvent] = []
        self.plans: dict[str, Plan] = {}
        rng = random.Random(7)
        slots = Slots(asyncio.Semaphore(concurrency), self.clock, Ids(self.clock, rng), rng, Backoff())
        self.engine = LocalEngine(
            registry=self.agents,
            journal=self.journal,
            slots=slots,
            plan=self._plan,
            observer=self.events.append,
        )

    async def _plan(self, run: Run) -> Plan:
        return self.plans[run.objective]

    async def start(self, *subtasks: Mapping[str, Any], **plan: Any) -> str:
        document = {"objective": "x", "subtasks": list(subtasks), **plan}
        run = Run(
            run_id=f"r{len(self.journal.runs)}",
            objective="x",
            state=RunState.QUEUED,
            plan=load_plan(document),
        )
        await self.engine.submit(run)
        return run.run_id

    async def run(self, *subtasks: Mapping[str, Any], **plan: Any) -> Run:
        run_id = await self.start(*subtasks, **plan)
        assert await self.engine.wait(run_id, 20)
        return self.ended(run_id)

    def ended(self, run_id: str) -> Run:
        return [r for r in self.journal.runs if r.run_id == run_id][-1]

    def statuses(self) -> dict[str, str]:
        return {k: v.value for k, v in self.journal.runs[-1].subtasks.items()}


def step(sid: str, *dependencies: str, agent: str = "echo", **more: Any) -> dict[str, Any]:
    """A subtask that reads what its dependencies wrote and writes `k_<id>`."""
    keys = [f"k_{d}" for d in dependencies]
    return {
        "id": sid, "objective": sid, "required_agent": agent, "dependencies": list(dependencies),
        "input_keys": keys, "output_key": f"k_{sid}",
    } | more  # fmt: skip


@pytest.fixture
def make_step() -> Callable[..., dict[str, Any]]:
    return step


@pytest.fixture
async def rig() -> Rig:
    made = Rig()

    async def echo(call: AgentCall) -> JsonValue:
        return dict(call.inputs)

    made.agents.add("echo", echo)
    return made


@pytest.fixture
def make_rig() -> Callable[..., Rig]:
    return Rig
