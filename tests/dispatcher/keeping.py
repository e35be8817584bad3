"""A journal by itself: runs, receipts and entries to put into it, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from contracts.errors import CallsheetError
from contracts.journal import Done, Entry, Receipt
from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from dispatcher.journal import StorageJournal
from tests.dispatcher.acting import CANARY, step

__all__ = ["CANARY", "OVER", "PLAN", "create", "put", "receipt", "run_of", "told"]

OVER: Final = RunState.SUCCEEDED
PLAN: Final = load_plan({"objective": "x", "subtasks": [step("a")]})


def run_of(run_id: str = "r1", **more: Any) -> Run:
    return Run(**{"run_id": run_id, "objective": "x", "state": RunState.QUEUED, "plan": PLAN, **more})


def receipt(trace_id: str, event_id: int, **more: Any) -> Receipt:
    given = {"input": {}, "output": None, "plan_id": PLAN.plan_id, **more}
    status = given.pop("status", TraceStatus.SUCCESS)
    return Receipt(trace_id, "s", "data", status, 1, None, 1000, event_id=event_id, **given)


async def told(ask: Callable[[Done], Any]) -> CallsheetError | None:
    """Return what `done` heard."""
    heard: asyncio.Future[CallsheetError | None] = asyncio.get_running_loop().create_future()
    ask(heard.set_result)
    return await asyncio.wait_for(heard, 10)


async def create(journal: StorageJournal, run: Run, **more: Any) -> CallsheetError | None:
    return await told(lambda done: journal.create(run, done=done, **more))


async def put(
    journal: StorageJournal, epoch: int = 1, run_id: str = "r1", **parts: Any
) -> CallsheetError | None:
    return await told(lambda done: journal.put(Entry(run_id, epoch, **parts), done))
