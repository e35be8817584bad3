"""The composition root: every concrete class is made here, and closed here, in one order."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from importlib import import_module
from typing import Literal, NamedTuple

import structlog

from agents.doors import Doors
from contracts.agent import Agent
from contracts.clock import Clock, SystemClock
from contracts.engine import Observer, Planner
from contracts.policy import Grant
from contracts.run import RunEvent
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from dispatcher.limits import Limits
from egress.browser_door import BrowserDoor
from egress.fetch_door import FetchDoor
from memory.kv import GuestValues
from providers.chain import PassedOver
from service.cards import load_cards
from service.desk import LocalDesk
from service.events import EventHub
from service.figures import figures_of
from service.metrics import Metrics
from service.models import Models
from service.models_of import models_of
from service.planner_door import PlannerDoor
from service.registry import CardRegistry
from service.resting import RestingEngine
from service.settings import Settings
from storage.database import Database, Holder
from storage.reader import Reader
from traces.events import EventStore
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceStore
from wasm_agents.shelf import Shelf

DRAIN_S = 3.0
log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_desk(
    settings: Settings,
    *,
    grants: Sequence[Grant] = (),
    now: datetime | None = None,
    observer: Observer | None = None,
    clock: Clock | None = None,
    more_agents: Sequence[Agent] = (),
    drain_s: float = DRAIN_S,
    runs: Literal["here", "later"] = "here",
) -> AsyncIterator[LocalDesk]:
    """Open everything a desk needs; on leaving, drain the engine and close it all.

    Runs that an earlier process left unfinished stay so until somebody calls
    `desk.engine.run_worker()`.

    Args:
        settings: What the operator decided.
        grants: More of the operator's grants, from flags.
        now: The runs' clock; the machine's when absent.
        observer: Told of every event of every run.
        clock: Of the process.
        more_agents: Beside those that have cards.
        drain_s: How long attempts under way may take to end, on leaving.
        runs: `later`: nothing is run; what runs are told is kept for whoever runs them next.

    Raises:
        Conflict: `storage.locked`, another process writes the database.
        CallsheetError: The database or the trace folder cannot be used.
    """
    clock, redactor = clock or SystemClock(), Redactor(settings.secrets())
    async with AsyncExitStack() as stack:
        files = _open_files(stack, settings, redactor)
        egress = FetchDoor(clock, per_host=settings.egress.per_host)
        doors = Doors(egress=egress, browser=await stack.enter_async_context(BrowserDoor(clock)))
        metrics = Metrics()
        models = _models(stack, settings, egress, clock, metrics)
        values = GuestValues(files.database, files.reader, clock)
        registry = _registry(settings, doors, egress, values, more_agents, models=models)
        planner = _planner(settings, models)
        engine = _engine(settings, registry, files.journal, planner, clock, hub=files.hub, observer=observer)
        working = _Working(registry, planner, models, engine, metrics, redactor)
        granted = (*settings.egress.grants(), *grants)
        desk = _desk(settings, files, working, clock, grants=granted, now=now, drain_s=drain_s, runs=runs)
        stack.push_async_callback(desk.drain)
        yield desk


class _Files(NamedTuple):
    database: Database
    journal: StorageJournal
    reader: Reader
    events: EventStore
    hub: EventHub


class _Working(NamedTuple):
    registry: CardRegistry
    planner: Planner
    models: Models
    engine: LocalEngine
    metrics: Metrics
    redactor: Redactor


def _desk(
    settings: Settings,
    files: _Files,
    working: _Working,
    clock: Clock,
    *,
    grants: Sequence[Grant],
    now: datetime | None,
    drain_s: float,
    runs: Literal["here", "later"],
) -> LocalDesk:
    engine, journal = working.engine, files.journal
    return LocalDesk(
        settings=settings,
        registry=working.registry,
        runs=RunStore(files.reader),
        traces=TraceStore(files.reader),
        events=files.events,
        hub=files.hub,
        engine=engine if runs == "here" else RestingEngine(engine, journal, clock),
        planner=working.planner,
        database=files.database,
        reader=files.reader,
        clock=clock,
        ids=_ids(clock),
        redactor=working.redactor,
        files_lost=lambda: journal.files_lost,
        metrics=working.metrics,
        figures=figures_of(engine, journal, files.hub),
        grants=grants,
        now=now,
        drain_s=drain_s,
        models=working.models,
    )


def _open_files(stack: AsyncExitStack, settings: Settings, redactor: Redactor) -> _Files:
    database = stack.enter_context(Database.open(settings.storage.path, holder=Holder(os.getpid())))
    journal = StorageJournal(database, files=_files(settings), redactor=redactor)
    stack.callback(journal.close)
    reader = database.reader()
    events = EventStore(reader)
    hub = EventHub(events, most=settings.server.streams)
    stack.callback(hub.close)
    return _Files(database, journal, reader, events, hub)


def _engine(
    settings: Settings,
    registry: CardRegistry,
    journal: StorageJournal,
    planner: Planner,
    clock: Clock,
    *,
    hub: EventHub,
    observer: Observer | None,
) -> LocalEngine:
    return LocalEngine(
        registry=registry,
        journal=journal,
        clock=clock,
        ids=_ids(clock),
        rng=_rng(),
        plan=lambda run: planner.plan(run.objective, inputs=run.inputs, cards=registry.cards()),
        replan=planner.replan,
        observer=hub if observer is None else _both(hub, observer),
        hears=hub.hears if observer is None else None,
        limits=_limits(settings),
    )


def _registry(
    settings: Settings,
    doors: Doors,
    egress: FetchDoor,
    values: GuestValues,
    more: Sequence[Agent],
    *,
    models: Models,
) -> CardRegistry:
    def around() -> object:
        # With it comes the engine, which a service that runs no guest does without.
        found: object = import_module("service.guests").around_guests(settings, egress, values, models=models)
        return found

    return CardRegistry(load_cards(), doors, more=more, shelf=Shelf(settings.guests.folder), around=around)


def _rng() -> random.Random:
    return random.Random(os.urandom(16))  # noqa: S311  # names need to be unique, not secret


def _ids(clock: Clock) -> Ids:
    return Ids(clock, _rng())


def _limits(settings: Settings) -> Limits:
    run = settings.run
    return Limits(
        slots=run.concurrency,
        active_runs=run.active,
        max_runs=run.queue,
        per_agent=run.per_agent,
        run_timeout_s=run.timeout_s,
    )


def _files(settings: Settings) -> TraceFiles | None:
    return TraceFiles(settings.traces.folder) if settings.traces.files == "all" else None


def _models(
    stack: AsyncExitStack, settings: Settings, egress: FetchDoor, clock: Clock, metrics: Metrics
) -> Models:
    models = models_of(settings, egress, clock=clock, observe=metrics.observe, on_passed_over=_passed_over)
    stack.push_async_callback(models.aclose)
    return models


def _planner(settings: Settings, models: Models) -> Planner:
    def make() -> Planner:
        planner: Planner = import_module("service.planning").planner_of(settings, models)
        return planner

    return PlannerDoor(make)


def _passed_over(passed: PassedOver) -> None:
    log.warning("model_passed_over", model=passed.name, next=passed.after, code=passed.error.code)


def _both(first: Observer, second: Observer) -> Observer:
    def told(event: RunEvent) -> None:
        first(event)
        second(event)

    return told
