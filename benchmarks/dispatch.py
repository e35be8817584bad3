"""What a subtask costs: 1,000 no-op subtasks in one plan, each traced in database and file.

    python benchmarks/dispatch.py [--subtasks N] [--rounds N]

A table on stderr; the last line of stdout is one JSON object. Beside it, in
the same rounds, the floor: the same number of trace files and of rows written
by bare SQLite, one transaction a row and all rows in one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.durable.noop import Given
from benchmarks.durable.settle import settle
from benchmarks.durable.shapes import fan_plan
from contracts.clock import SystemClock, unix_ms
from contracts.plan import Plan, load_plan
from contracts.run import Run, RunState
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from dispatcher.limits import Limits
from storage.database import Database
from traces.files import TraceFiles
from traces.follow import count_of_run
from traces.redaction import Redactor


async def measure(folder: Path, plan: Plan) -> float:
    """Return the seconds one run takes, from submission until its rows and files are written."""
    clock, rng = SystemClock(), random.Random(os.urandom(16))
    ids = Ids(clock, rng)
    with Database.open(folder / "bench.db") as database:
        journal = StorageJournal(database, files=TraceFiles(folder / "runs"), redactor=Redactor(()))
        engine = LocalEngine(
            registry=Given(), journal=journal, clock=clock, ids=ids, rng=rng,
            plan=_no_plan, observer=None, limits=Limits(slots=8),
        )  # fmt: skip
        run = Run(
            run_id=ids.new(), objective=plan.objective, state=RunState.QUEUED, plan=plan,
            created_ms=unix_ms(clock.now()),
        )  # fmt: skip
        began = time.perf_counter()
        await engine.submit(run)
        await engine.wait(run.run_id)
        took = time.perf_counter() - began
        await engine.drain(1.0)
        journal.close()
        rows = count_of_run(database.reader(), run.run_id)
    files = sum(1 for _ in (folder / "runs").glob("trace_*.json"))
    if rows != len(plan.subtasks) or files != len(plan.subtasks):
        raise SystemExit(f"{len(plan.subtasks)} subtasks left {rows} rows and {files} files")
    return took


async def _no_plan(run: Run) -> Plan:
    raise NotImplementedError


def floor(folder: Path, count: int, *, grouped: bool) -> float:
    """Return the seconds bare SQLite (WAL, FULL) and bare files take for as many rows of the same size."""
    body = json.dumps({"pad": "x" * 500})
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id TEXT UNIQUE, b TEXT)"
    )
    began = time.perf_counter()
    if grouped:
        connection.execute("BEGIN")
    for i in range(count):
        connection.execute("INSERT INTO t VALUES (?, ?)", (f"{i}", body))
        (folder / f"floor_{i}.json").write_text(body)
    if grouped:
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def main() -> None:
    """Measure, print the table and the JSON line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subtasks", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    plan = load_plan(fan_plan(given.subtasks))
    ours, singly, grouped = [], [], []
    # Removed only at the end: ext4 looks past recently freed inodes at each new file, so a round that
    # cleans up would slow the next one.
    with tempfile.TemporaryDirectory() as name:
        settle(Path(name))
        for round_number in range(given.rounds):
            folder = Path(name, str(round_number))
            for part in ("ours", "singly", "grouped"):
                (folder / part).mkdir(parents=True)
            ours.append(asyncio.run(measure(folder / "ours", plan)))
            singly.append(floor(folder / "singly", given.subtasks, grouped=False))
            grouped.append(floor(folder / "grouped", given.subtasks, grouped=True))
    table = Table(title=f"{given.subtasks} subtasks, {given.rounds} rounds: ms per subtask")
    for heading in ("", "best", "median"):
        table.add_column(heading)
    per = 1000 / given.subtasks
    for label, times in (
        ("Callsheet, row and file", ours),
        ("bare SQLite + file, a commit a row", singly),
        ("bare SQLite + file, one commit", grouped),
    ):
        table.add_row(label, f"{min(times) * per:.3f}", f"{statistics.median(times) * per:.3f}")
    Console(file=sys.stderr).print(table)
    found = {
        "bar4_ms_per_subtask": round(statistics.median(ours) * per, 4),
        "bar4_ms_per_subtask_best": round(min(ours) * per, 4),
        "bar4_floor_commit_each_ms": round(statistics.median(singly) * per, 4),
        "bar4_floor_one_commit_ms": round(statistics.median(grouped) * per, 4),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
