"""Who acts in a rig: a clock that is told the time, agents made of functions, a registry of them, their subtasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply, NotDone, Parked
from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import AttemptFailed, NotFound

CANARY: Final = "canary-7f3a9c51d2"
"""A secret."""

Body = Callable[[AgentCall], Awaitable[Any]]


class FakeClock:
    """Time that moves when somebody sleeps; or, held, only when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 16, tzinfo=UTC)
        self.slept: list[float] = []
        self.is_held = False
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.is_held:
            self.at += timedelta(seconds=seconds)
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.at + timedelta(seconds=seconds), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whose time it is."""
        self.at += timedelta(seconds=seconds)
        for until, woken in self._sleepers:
            if until <= self.at and not woken.done():
                woken.set_result(None)
        self._sleepers = [(u, w) for u, w in self._sleepers if not w.done()]


class FunctionAgent:
    """An agent whose body is a function of the call."""

    def __init__(self, name: str, body: Body, *, effect: str = "pure", **card: Any) -> None:
        self.card = AgentCard(
            name=name,
            version="1.0.0",
            description=name,
            effect=Effect(effect),
            **{"takes": {}, "gives": {}, **card},
        )
        self.body = body
        self.calls: list[AgentCall] = []

    async def run(self, call: AgentCall) -> AgentReply:
        self.calls.append(call)
        found = await self.body(call)
        return found if isinstance(found, AgentReply) else AgentReply(found)


class ReconcilingAgent(FunctionAgent):
    """One that can find out what became of an effect."""

    def __init__(self, name: str, body: Body, find_out: Body, **card: Any) -> None:
        super().__init__(name, body, **card)
        self.find_out = find_out
        self.asked: list[AgentCall] = []

    async def reconcile(self, call: AgentCall) -> AgentReply | NotDone:
        self.asked.append(call)
        found = await self.find_out(call)
        return found if isinstance(found, AgentReply | NotDone) else AgentReply(found)


class Agents:
    """A registry of function agents."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def add(self, name: str, body: Body, **card: Any) -> FunctionAgent:
        self.known[name] = agent = FunctionAgent(name, body, **card)
        return agent

    def add_reconciling(self, name: str, body: Body, find_out: Body, **card: Any) -> ReconcilingAgent:
        self.known[name] = agent = ReconcilingAgent(name, body, find_out, **card)
        return agent

    def get(self, name: str) -> Agent:
        if name not in self.known:
            raise NotFound("agent.unknown", f"no agent is called {name!r}")
        agent: Agent = self.known[name]
        return agent

    def cards(self) -> list[AgentCard]:
        return [a.card for a in self.known.values()]


def step(sid: str, *dependencies: str, agent: str = "echo", **more: Any) -> dict[str, Any]:
    """A subtask that reads what its dependencies wrote and writes `k_<id>`."""
    keys = [f"k_{d}" for d in dependencies]
    return {
        "id": sid, "objective": sid, "required_agent": agent, "dependencies": list(dependencies),
        "input_keys": keys, "output_key": f"k_{sid}",
    } | more  # fmt: skip


async def echo(call: AgentCall) -> JsonValue:
    return dict(call.inputs)


async def hang(asked: object) -> Any:
    await asyncio.Event().wait()


async def broken(call: AgentCall) -> None:
    raise AttemptFailed("test.broken", f"no {call.subtask_id}")


async def index(call: AgentCall) -> JsonValue:
    """Say which element of `k_rows` it was."""
    return {"at": call.item_index, "of": call.inputs["k_rows"]}


async def asks(call: AgentCall) -> JsonValue:
    """Wait for a word, and give back what came."""
    if "go" not in call.signals:
        raise Parked(signal="go")
    return call.signals["go"]
