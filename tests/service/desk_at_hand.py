"""A desk over the real database and stores, with an engine that does what a test says."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from typing_extensions import override

from contracts.agent import Agent
from contracts.card import AgentCard, read_card
from contracts.errors import NotFound, Unavailable
from contracts.journal import StateKind
from contracts.plan import Plan, load_plan
from contracts.policy import Grant, Policy
from contracts.replanning import Failed
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus
from dispatcher.ids import Ids
from service.desk import LocalDesk
from service.events import EventHub
from service.known_plans import KnownPlans
from service.settings import Settings
from storage.database import Database
from storage.journal_rows import WaitRow, insert_wait
from storage.queries import last_event
from storage.rows import insert_trace
from storage.statement import Statement
from storage.unit import Unit
from tests.service.scripted_engine import NO_SECRETS, NOON, ScriptedEngine, run_statements
from traces.events import EventStore
from traces.redaction import Redactor
from traces.rows import trace_row
from traces.runs_store import RunStore
from traces.store import TraceStore

__all__ = ["BASE", "KEY", "NOON", "PLAN", "Cards", "DeskAtHand", "FixedClock", "card", "open_desk"]

BASE = "http://127.0.0.1:8765"
KEY = "a-key-of-sixteen-or-more"

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


class Numbered(Ids):
    """Names that tests can foresee."""

    def __init__(self) -> None:
        super().__init__(FixedClock(), random.Random(1))
        self._numbers = itertools.count(1)

    @override
    def new(self) -> str:
        return f"run{next(self._numbers)}"


class NoPlanner:
    """Makes the one plan there is."""

    async def plan(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> Plan:
        if objective == "crash":
            raise RuntimeError("a defect with a secret path /root/x")
        return load_plan({**PLAN, "objective": objective, "inputs": dict(inputs)})

    async def replan(self, failed: Failed) -> Plan:
        raise Unavailable("plan.no_replanner", "nobody at hand makes a new plan")


@dataclass
class DeskAtHand(LocalDesk):
    """A desk over real stores, whose engine does what a test says."""

    parts: dict[str, str] = field(default_factory=lambda: {"database": "ok"})

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.use(NO_SECRETS)

    def use(self, redactor: Redactor) -> None:
        """Have secrets taken out of what is kept; a plan is checked as if agents took anything."""
        self.redactor, self.scripted.keeps = redactor, redactor.run
        lenient = [card(c.name, takes={"type": "object"}) for c in self.cards]
        self.known = KnownPlans(lambda: lenient, redactor)

    @property
    def scripted(self) -> ScriptedEngine:
        assert isinstance(self.engine, ScriptedEngine)
        return self.engine

    @property
    def made(self) -> int:
        """How many runs were taken in."""
        return self.scripted.made

    @override
    def readiness(self) -> dict[str, str]:
        return self.parts | ({"engine": "engine.draining"} if self.is_draining else {})

    def run(self, run_id: str, **more: Any) -> Run:
        """Return a run that is not kept yet."""
        whole: dict[str, Any] = {"objective": "find trucks", "state": RunState.SUCCEEDED, "created_ms": NOON}
        return Run(run_id=run_id, **{**whole, "policy": Policy(hosts=("example.com",)), **more})

    def keep_run(self, run_id: str, **more: Any) -> Run:
        """Keep a run as it is and return it."""
        run = self.run(run_id, **more)
        self.database.commit(run_statements(run)).result()
        self.scripted.ended[run_id] = asyncio.Event()
        self.scripted.tell(run_id, "queued")
        if run.state.is_final:
            self.scripted.tell(run_id, run.state.value)
        return run

    def keep_wait(self, run_id: str, subtask: str = "", **more: Any) -> None:
        """Have a run wait for approval, or for what is said."""
        whole = {
            "item_index": None,
            "kind": "approval",
            "name": "",
            "until_ms": None,
            "since_ms": NOON,
            **more,
        }
        self.database.commit([insert_wait(WaitRow(run_id, subtask, **whole))]).result()

    def keep_trace(
        self, trace_id: str, run_id: str, subtask: str = "list_pages", **more: Any
    ) -> ExecutionTrace:
        """Keep a trace of a kept run and return it."""
        status = more.get("status", TraceStatus.SUCCESS)
        error = None
        if status in {TraceStatus.FAILURE, TraceStatus.TIMEOUT}:
            code = more.pop("code", "scrape.http_status")
            error = ErrorRecord(code=code, message="the page answered 503", hint="Try later.")
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
        run = self.runs.get(run_id)
        ends: list[StateKind] = [run.state.value] if run.state.is_final else []
        drop = Statement("DELETE FROM event WHERE run_id = ? AND kind = ?", (run_id, ends[0] if ends else ""))
        self.database.commit([drop]).result()  # the end of a run stays the last of its events
        (row,) = self.reader.query(*last_event(run_id))
        kept = trace_row(trace, event_id=row["event_id"] + 1)
        done: Future[None] = Future()
        self.database.submit(
            [Unit([insert_trace(kept.row)], lambda _: done.set_result(None), None, kept.blobs)]
        )
        done.result()
        for kind in ends:
            self.scripted.tell(run_id, kind)
        return trace


def open_desk(folder: Path, settings: Settings) -> DeskAtHand:
    """Return a desk over a fresh database in `folder`; the caller closes `desk.database`."""
    database = Database.open(folder / "callsheet.db")
    reader = database.reader()
    runs, events = RunStore(reader), EventStore(reader)
    hub = EventHub(events, most=settings.server.streams)
    names = ("data", "scrape", "time", "vision", "wasm:echo")
    return DeskAtHand(
        settings=settings,
        registry=Cards(tuple(card(name) for name in names)),
        runs=runs,
        traces=TraceStore(reader),
        events=events,
        hub=hub,
        engine=ScriptedEngine(database, runs, hub),
        planner=NoPlanner(),
        database=database,
        reader=reader,
        clock=FixedClock(),
        ids=Numbered(),
        redactor=NO_SECRETS,
        files_lost=lambda: 0,
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
