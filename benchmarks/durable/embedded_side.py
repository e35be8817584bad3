"""The library in a fresh process: say when it is ready, run five subtasks, say what memory that took.

Its parent measures from the process's start to the line `ready`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
from pathlib import Path

import structlog

from benchmarks.durable.contender import CHAIN
from benchmarks.durable.noop import Given
from benchmarks.durable.resident import resident_mb
from benchmarks.durable.shapes import chain_plan
from contracts.clock import SystemClock, unix_ms
from contracts.plan import Plan, load_plan
from contracts.run import Run, RunState
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from storage.database import Database
from traces.redaction import Redactor


async def live(path: Path) -> None:
    """Open everything, say so, run one plan."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    clock, rng = SystemClock(), random.Random(os.urandom(16))
    ids = Ids(clock, rng)
    with Database.open(path) as database:
        journal = StorageJournal(database, files=None, redactor=Redactor(()))
        engine = LocalEngine(
            registry=Given(), journal=journal, clock=clock, ids=ids, rng=rng,
            plan=_no_plan, observer=None,
        )  # fmt: skip
        print("ready", flush=True)
        ready = resident_mb(os.getpid())
        plan = load_plan(chain_plan(CHAIN, "five in a row"))
        run = Run(
            run_id=ids.new(), objective="five in a row", state=RunState.QUEUED, plan=plan,
            created_ms=unix_ms(clock.now()),
        )  # fmt: skip
        await engine.submit(run)
        await engine.wait(run.run_id)
        await engine.drain(1.0)
        journal.close()
    print(json.dumps({"ready_mb": ready, "mb": resident_mb(os.getpid())}), flush=True)


async def _no_plan(run: Run) -> Plan:
    raise NotImplementedError


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
