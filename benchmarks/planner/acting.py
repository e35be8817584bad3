"""Who acts when strangers write what is read: two web servers, and agents whose calls are noted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.planner.injected import Case
from contracts.agent import Agent, AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.errors import AttemptFailed, NotFound


@dataclass
class Site:
    """A web server: its pages by path, and what it was asked for."""

    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    origin: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            self.asked.append(path)
            body = self.pages.get(path, b"no such page")
            head = f"HTTP/1.1 {200 if path in self.pages else 404} X\r\nContent-Type: text/html; charset=utf-8\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class Watched:
    """An agent whose calls are noted."""

    agent: Agent
    calls: list[tuple[str, AgentCall]]

    @property
    def card(self) -> AgentCard:
        """Return the agent's own."""
        return self.agent.card

    async def run(self, call: AgentCall) -> AgentReply:
        """Note the call and make it."""
        self.calls.append((self.card.name, call))
        return await self.agent.run(call)


@dataclass
class Made:
    """An agent that says what its case has it say, or fails so."""

    card: AgentCard
    cases: Mapping[str, Case]
    fails: int = 0
    """How often in a run."""
    failed: Counter[str] = field(default_factory=Counter)

    async def run(self, call: AgentCall) -> AgentReply:
        """Answer, or fail."""
        case = self.cases[call.run_id]
        if self.failed[call.run_id] < self.fails:
            self.failed[call.run_id] += 1
            code = f"weak.{case.words}"[:90] if case.place == "error_code" else "weak.failed"
            raise AttemptFailed(code, case.words if case.place == "error" else "no")
        says = {"camera": "photo", "wasm:reader": "guest"}.get(self.card.name)
        return AgentReply({"text": case.words if case.place == says else "nothing of note"})


class Cast:
    """The agents at hand."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = {agent.card.name: agent for agent in agents}

    def get(self, name: str) -> Agent:
        """Return an agent."""
        if name not in self._agents:
            raise NotFound("agent.unknown", f"no agent is called {name[:80]!r}")
        return self._agents[name]

    def cards(self) -> Sequence[AgentCard]:
        """Return every card."""
        return [agent.card for agent in self._agents.values()]
