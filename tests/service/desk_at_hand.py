"""A desk over the real database and stores, with an engine that does what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from contracts.agent import Agent
from contracts.card import AgentCard, read_card
from contracts.engine import Engine
from contracts.errors import NotFound
from contracts.plan import Plan, load_plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus
from service.settings import Settings
from storage.database import Database
from storage.rows import insert_run, insert_trace, update_run
from traces.redaction import Redactor
from traces.rows import run_row, trace_row
from traces.runs_store import RunStore
from traces.store import TraceStore

BASE = "http://127.0.0.1:8765"
NOON = 1_794_916_800_000
"""17 Nov 2026, 12:00 UTC."""
KEY = "a-key-of-sixteen-or-more"

NO_SECRETS = Redactor(())

PLAN: dict[str, Any] = {
    "objective": "find trucks",
    "subtasks": [
        {
            "id": "list_pages",
            "objective": "Read every page of listings",
            "required_agent": "scrape",
            "dependencies": [],
            "input_keys": [],
            "output_key": "pages",
        },
        {
            "id": "photos",
            "objective": "Look at each listing's photos",
            "required_agent": "vision",
            "dependencies": ["list_pages"],
            "input_keys": ["pages"],
            "output_key": "seen",
            "foreach": {"key": "pages", "pointer": "/listings"},
        },
        {
            "id": "endings",
            "objective": "Read when each auction ends",
            "required_agent": "time",
            "dependencies": ["list_pages"],
            "input_keys": ["pages"],
            "output_key": "ends",
        },
        {
            "id": "answer",
            "objective": "Join, filter and sort",
            "required_agent": "data",
            "dependencies": ["list_pages", "photos", "endings"],
            "input_keys": ["pages", "seen", "ends"],
            "output_key": "rows",
        },
    ],
    "result_key": "rows",
}


def card(name: str, **more: Any) -> AgentCard:
    """Return a card with the least a card needs."""
    document = {
        "name": name,
        "version": "1.0.0",
        "description": f"Does what {name} does.",
        "takes": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
        "gives": {"type": "object"},
        "examples": [{"objective": "read https://example.com/"}],
        **more,
    }
    return read_card(document, where=name)


@dataclass
class Cards:
    """A registry that has cards and no agents."""

    known: tuple[AgentCard, ...]

    def get(self, name: str) -> Agent:
        raise NotFound("agent.unknown", f"no agent is called {name!r}")

    def cards(self) -> Sequence[AgentCard]:
        return self.known


@dataclass
class ScriptedEngine:
    """Ends a run when a test says so."""

    database: Database
    runs: RunStore
    ended: dict[str, asyncio.Event] = field(default_factory=dict)

    async def submit(self, run: Run) -> None:
        self.ended[run.run_id] = asyncio.Event()
        self.database.commit([insert_run(run_row(run))]).result()

    async def cancel(self, run_id: str, reason: str) -> bool:
        if run_id not in self.ended:
            return False
        self.end(self.runs.get(run_id), RunState.CANCELLED)
        return True

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        try:
            await asyncio.wait_for(self.ended[run_id].wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def drain(self, timeout_s: float) -> None:
        """There is nothing to drain."""

    def end(self, run: Run, state: RunState = RunState.SUCCEEDED) -> None:
        ended = run.model_copy(update={"state": state, "ended_ms": run.created_ms + 5})
        self.database.commit([update_run(run_row(ended))]).result()
        self.ended[run.run_id].set()


@dataclass
class DeskAtHand:
    """What the application asks of a desk, over real stores."""

    settings: Settings
    database: Database
    runs: RunStore
    traces: TraceStore
    registry: Cards
    scripted: ScriptedEngine
    grants: Sequence[Grant] = ()
    parts: dict[str, str] = field(default_factory=lambda: {"database": "ok"})
    ends_at_once: bool = False
    made: int = 0
    keeps: Callable[[Run], Run] = NO_SECRETS.run
    """What becomes of a run on its way into the database."""

    @property
    def engine(self) -> Engine:
        return self.scripted

    async def read_plan(self, document: Mapping[str, JsonValue]) -> Plan:
        return load_plan(document)

    async def plan(self, objective: str, inputs: Mapping[str, JsonValue]) -> Plan:
        if objective == "crash":
            raise RuntimeError("a defect with a secret path /root/x")
        return load_plan({**PLAN, "objective": objective, "inputs": dict(inputs)})

    async def start(
        self, objective: str, *, inputs: Mapping[str, JsonValue], plan: Plan | None = None
    ) -> Run:
        self.made += 1
        run = self.run(f"run{self.made}", objective=objective, state=RunState.QUEUED, plan=plan)
        await self.scripted.submit(self.keeps(run))
        if self.ends_at_once:
            self.scripted.end(run)
        return run

    def readiness(self) -> dict[str, str]:
        return self.parts

    def run(self, run_id: str, **more: Any) -> Run:
        """Return a run that is not kept yet."""
        whole: dict[str, Any] = {"objective": "find trucks", "state": RunState.SUCCEEDED, "created_ms": NOON}
        return Run(run_id=run_id, **{**whole, "policy": Policy(hosts=("example.com",)), **more})

    def keep_run(self, run_id: str, **more: Any) -> Run:
        """Keep a run as it is and return it."""
        run = self.run(run_id, **more)
        self.database.commit([insert_run(run_row(run))]).result()
        return run

    def keep_trace(
        self, trace_id: str, run_id: str, subtask: str = "list_pages", **more: Any
    ) -> ExecutionTrace:
        """Keep a trace of a kept run and return it."""
        status = more.get("status", TraceStatus.SUCCESS)
        error = None
        if status in {TraceStatus.FAILURE, TraceStatus.TIMEOUT}:
            error = ErrorRecord(code="scrape.http_status", message="the page answered 503", hint="Try later.")
        about: dict[str, Any] = {
            "subtask_id": subtask,
            "started_ms": NOON,
            "duration_ms": 1234.5,
            "queued_ms": 3,
            "agent_version": "1.0.0",
            "objective": "Read every page of listings",
            "error": error,
        }
        trace = ExecutionTrace(
            trace_id=trace_id,
            task_id=run_id,
            agent_type=more.pop("agent_type", "scrape"),
            status=status,
            timestamp=NOON // 1000,
            metadata=TraceMetadata(**{**about, **more.pop("metadata", {})}),
            **{k: v for k, v in more.items() if k != "status"},
        )
        self.database.commit([insert_trace(trace_row(trace))]).result()
        return trace


def open_desk(folder: Path, settings: Settings) -> DeskAtHand:
    """Return a desk over a fresh database in `folder`; the caller closes `desk.database`."""
    database = Database.open(folder / "callsheet.db")
    reader = database.reader()
    runs = RunStore(reader)
    names = ("data", "scrape", "time", "vision", "wasm:echo")
    return DeskAtHand(
        settings=settings,
        database=database,
        runs=runs,
        traces=TraceStore(reader),
        registry=Cards(tuple(card(name) for name in names)),
        scripted=ScriptedEngine(database, runs),
        grants=(Grant(kind="private_host", value="127.0.0.1:8000", by="--allow-private"),),
    )


class FixedClock:
    """A clock a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 17, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Return at once."""
