"""The whole path of a guest's call, dispatcher to guest and back with its trace committed, as one JSON line.

    python path_side.py FAN RUNS

One plan of FAN subtasks, all in flight together, run again and again in one
process after a run that loads code; the least CPU of the whole process, each.
Beside it the same plan by an agent that does nothing, and by one that gives
the guest's reply without a guest; then the parts of it alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from benchmarks.durable.callsheet_side import cpu_by_thread, kept_traces, run_plans
from benchmarks.durable.noop import NoOp
from benchmarks.durable.shapes import fan_plan
from benchmarks.wasm.collecting import as_served
from benchmarks.wasm.timing import ROUNDS, best
from contracts.agent import Agent, AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.clock import SystemClock, unix_ms
from contracts.plan import Plan, load_plan
from contracts.run import Run
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from dispatcher.limits import Limits
from storage.database import Database
from traces.redaction import Redactor
from wasm_agents.agent import create
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

GUEST = "wasm:echo"
PATIENCE_S = 60.0
CALLS = 200


class Canned:
    """Gives what another agent once gave."""

    def __init__(self, card: AgentCard, reply: AgentReply) -> None:
        self.card = card
        self._reply = reply

    async def run(self, call: AgentCall) -> AgentReply:
        """Return at once."""
        del call
        return self._reply


class One:
    """A registry of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def get(self, name: str) -> Agent:
        """Return it, whatever it is called."""
        del name
        return self._agent

    def cards(self) -> Sequence[AgentCard]:
        """Return its card."""
        return (self._agent.card,)


async def fanned(agent: Agent, plan: Plan, *, runs: int, folder: Path) -> dict[str, float]:
    """Return a subtask's CPU, microseconds: all of it, by thread, and the wall time a run takes."""
    clock, rng = SystemClock(), random.Random(os.urandom(16))
    ids, count = Ids(clock, rng), len(plan.subtasks)
    found: list[dict[str, float]] = []
    with Database.open(folder / "callsheet.db") as database:
        journal = StorageJournal(database, files=None, redactor=Redactor(()))
        engine = LocalEngine(
            registry=One(agent), journal=journal, clock=clock, ids=ids, rng=rng, plan=_no_plan,
            observer=None, limits=Limits(slots=count),
        )  # fmt: skip
        for _ in range(runs + 1):
            cpu, threads = time.process_time(), cpu_by_thread()
            wall = await run_plans(engine, ids, [plan], unix_ms(clock.now()))
            used = {name: seconds - threads.get(name, 0.0) for name, seconds in cpu_by_thread().items()}
            told = {"cpu_us": time.process_time() - cpu, "wall_us": wall}
            told |= {"loop_us": used["MainThread"], "writer_us": used["storage-writer"]}
            found.append({name: seconds / count * 1e6 for name, seconds in told.items()})
        await engine.drain(1.0)
        journal.close()
        if kept_traces(database) != count * (runs + 1):
            raise SystemExit(f"{count} subtasks, {runs + 1} times, left {kept_traces(database)} traces")
    return min(found[1:], key=lambda told: told["cpu_us"])


async def alone(once: Callable[[], Awaitable[object]]) -> float:
    """Return what one of these costs by itself, one after another."""
    await once()
    means = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(CALLS):
            await once()
        means.append((time.thread_time() - began) / CALLS)
    return min(means) * 1e6


async def measure(fan: int, runs: int, folder: Path) -> dict[str, Any]:
    """Return every figure."""
    card = next(card for card in guest_cards() if card.name == GUEST)
    host = Host()
    agent = create(card, host=host)
    call = AgentCall(inputs={"n": 1}, objective="nothing", now=SystemClock().now(), timeout_s=PATIENCE_S)
    reply = await agent.run(call)
    guest = host.load(module_path(card), GuestLimits(), sha256=card.sha256)
    document = fan_plan(fan)
    plain = load_plan(document)
    document["subtasks"] = [each | {"required_agent": GUEST} for each in document["subtasks"]]
    asking = load_plan(document)
    found = {
        "noop": await fanned(NoOp("noop"), plain, runs=runs, folder=folder / "noop"),
        "canned": await fanned(Canned(card, reply), asking, runs=runs, folder=folder / "canned"),
        "path": await fanned(agent, asking, runs=runs, folder=folder / "path"),
        "agent_us": await alone(lambda: agent.run(call)),
        "fresh_fiber_us": await alone(lambda: guest.call_async(b'{"n":1}', PATIENCE_S)),
        "fresh_us": best(lambda: guest.call(b'{"n":1}', PATIENCE_S), CALLS),
    }
    host.close()
    return found


async def _no_plan(run: Run) -> Plan:
    raise NotImplementedError


def main() -> None:
    """Measure once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    fan, runs = map(int, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as name:
        for case in ("noop", "canned", "path"):
            Path(name, case).mkdir()
        with as_served():
            print(json.dumps(asyncio.run(measure(fan, runs, Path(name)))))


if __name__ == "__main__":
    main()
