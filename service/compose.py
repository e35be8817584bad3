"""The composition root: every concrete class is made here, and closed here, in one order."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from agents.doors import Doors
from contracts.clock import Clock, SystemClock
from contracts.engine import Observer
from contracts.policy import Grant
from contracts.run import RunEvent
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from dispatcher.subtask import Slots
from egress.browser import Browser
from egress.fetch import Egress
from planner.planner import ObjectivePlanner
from providers.openai_compatible import OpenAICompatible
from service.cards import load_cards
from service.desk import LocalDesk
from service.recovery import end_interrupted
from service.registry import CardRegistry
from service.settings import Settings
from storage.database import Database, Holder
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceStore

DRAIN_S = 3.0


@asynccontextmanager
async def open_desk(
    settings: Settings,
    *,
    grants: Sequence[Grant] = (),
    now: datetime | None = None,
    observer: Observer | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[LocalDesk]:
    """Open everything a desk needs; on leaving, drain the engine and close it all.

    Args:
        settings: What the operator decided.
        grants: More of the operator's grants, from flags.
        now: The runs' clock; the machine's when absent.
        observer: Told of every event of every run.
        clock: Of the process.

    Raises:
        Conflict: `storage.locked`, another process writes the database.
        CallsheetError: The database or the trace folder cannot be used.
    """
    clock = clock or SystemClock()
    slots = _slots(settings, clock)
    async with AsyncExitStack() as stack:
        database = stack.enter_context(Database.open(settings.storage.path, holder=Holder(os.getpid())))
        journal = _journal(settings, database)
        stack.callback(journal.close)
        reader = database.reader()
        await end_interrupted(RunStore(reader), journal, clock)
        egress = await stack.enter_async_context(Egress(clock))
        browser = await stack.enter_async_context(Browser())
        registry = CardRegistry(load_cards(), Doors(egress=egress, browser=browser))
        planner = ObjectivePlanner(_provider(settings, egress), fallback=settings.model.fallback)
        engine = LocalEngine(
            registry=registry,
            journal=journal,
            slots=slots,
            plan=lambda run: planner.plan(run.objective, inputs=run.inputs, cards=registry.cards()),
            observer=observer or _nobody,
        )
        stack.push_async_callback(engine.drain, DRAIN_S)
        yield LocalDesk(
            settings=settings,
            registry=registry,
            runs=RunStore(reader),
            traces=TraceStore(reader),
            engine=engine,
            planner=planner,
            database=database,
            reader=reader,
            clock=clock,
            ids=slots.ids,
            files_lost=lambda: journal.files_lost,
            grants=(*settings.egress.grants(), *grants),
            now=now,
        )


def _slots(settings: Settings, clock: Clock) -> Slots:
    rng = random.Random(os.urandom(16))  # noqa: S311  # names need to be unique, not secret
    return Slots(
        asyncio.Semaphore(settings.run.concurrency),
        clock,
        Ids(clock, rng),
        rng,
        run_timeout_s=settings.run.timeout_s,
    )


def _journal(settings: Settings, database: Database) -> StorageJournal:
    files = TraceFiles(settings.traces.folder) if settings.traces.files == "all" else None
    return StorageJournal(database, files=files, redactor=Redactor(settings.secrets()))


def _provider(settings: Settings, egress: Egress) -> OpenAICompatible | None:
    model = settings.model
    if model.url is None:
        return None
    return OpenAICompatible(egress, url=model.url, model=model.name or "default", api_key=model.api_key)


def _nobody(event: RunEvent) -> None:
    """Watch nothing."""
