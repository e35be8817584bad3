"""Callsheet, embedded: the engine with its journal, no-op agents, trace rows on.

Flags: `files` writes a JSON file a trace beside the rows; `effectful` gives the
agents an effect; `profile=PATH` profiles the loop's thread and
`profile_writer=PATH` the writer's (both slow everything down).
"""

from __future__ import annotations

import asyncio
import cProfile
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from benchmarks.durable.contender import CHAIN, WARM, Asked, answer, asked, syncs
from benchmarks.durable.noop import Given
from benchmarks.durable.shapes import chain_plan, fan_plan
from contracts.clock import SystemClock
from contracts.plan import Plan, load_plan
from contracts.run import Run, RunState
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from storage.database import Database
from traces.files import TraceFiles
from traces.redaction import Redactor

Profiles = dict[str, cProfile.Profile]


def plans_of(what: Asked, count: int) -> list[Plan]:
    """Return the case's plans, checked and named."""
    agent = "noop_effect" if "effectful" in what.flags else "noop"
    if what.case == "fan":
        return [load_plan(fan_plan(count))]
    if what.case == "chain":
        return [load_plan(chain_plan(count, f"{count} in a row", agent))]
    return [load_plan(chain_plan(CHAIN, f"objective {i} of {count}", agent)) for i in range(count)]


async def run_plans(engine: LocalEngine, ids: Ids, plans: Sequence[Plan], now_ms: int) -> float:
    """Return the seconds until every run has ended, durably."""
    runs = [
        Run(run_id=ids.new(), objective=plan.objective, state=RunState.QUEUED, plan=plan, created_ms=now_ms)
        for plan in plans
    ]
    began = time.perf_counter()
    await asyncio.gather(*(engine.submit(run) for run in runs))
    await asyncio.gather(*(engine.wait(run.run_id) for run in runs))
    return time.perf_counter() - began


async def measure(what: Asked, profiles: Profiles) -> None:
    """Warm up, run, check what was kept, answer."""
    clock, rng = SystemClock(), random.Random(os.urandom(16))
    ids = Ids(clock, rng)
    files = TraceFiles(what.folder / "runs") if "files" in what.flags else None
    warm, plans = plans_of(what, WARM), plans_of(what, what.count)
    with Database.open(what.folder / "callsheet.db") as database:
        journal = StorageJournal(database, files=files, redactor=Redactor(()))
        engine = LocalEngine(
            registry=Given(), journal=journal, clock=clock, ids=ids, rng=rng,
            plan=_no_plan, observer=None,
        )  # fmt: skip
        now_ms = round(clock.now().timestamp() * 1000)
        await run_plans(engine, ids, warm, now_ms)
        kept = kept_traces(database)
        before, cpu = syncs(), cpu_by_thread()
        with profiled(profiles.get("profile")):
            took = await run_plans(engine, ids, plans, now_ms)
        after, used = syncs(), cpu_by_thread()
        await engine.drain(1.0)
        journal.close()
        kept = kept_traces(database) - kept
    if kept != what.subtasks:
        raise SystemExit(f"{what.subtasks} subtasks left {kept} traces")
    threads = {f"cpu_{name}_s": round(seconds - cpu.get(name, 0.0), 6) for name, seconds in used.items()}
    answer(took, cpu_s=sum(threads.values()), **threads, **after.since(before))


def kept_traces(database: Database) -> int:
    """Return how many trace rows there are."""
    return int(database.reader().query("SELECT count(*) AS n FROM trace")[0]["n"])


def cpu_by_thread() -> dict[str, float]:
    """Return the CPU seconds of each thread of this process by its name."""
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            seconds = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            name = thread.name.partition("_")[0]
            found[name] = found.get(name, 0.0) + seconds
    return found


@contextmanager
def profiled(profile: cProfile.Profile | None) -> Iterator[None]:
    """Profile this thread meanwhile, where asked."""
    if profile is not None:
        profile.enable()
    yield
    if profile is not None:
        profile.disable()


def _profile_writer(profile: cProfile.Profile) -> Callable[..., Any]:
    def begin(*_: Any) -> None:
        sys.setprofile(None)
        if threading.current_thread().name.startswith("storage-writer"):
            profile.enable()

    return begin


async def _no_plan(run: Run) -> Plan:
    raise NotImplementedError


def main() -> None:
    """Run the case that the command line asks for."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    what = asked()
    wanted = dict(flag.split("=", 1) for flag in what.flags if flag.startswith("profile"))
    profiles: Profiles = {name: cProfile.Profile() for name in wanted}
    if "profile_writer" in profiles:
        threading.setprofile(_profile_writer(profiles["profile_writer"]))
    asyncio.run(measure(what, profiles))
    for name, path in wanted.items():
        profiles[name].dump_stats(path)


if __name__ == "__main__":
    main()
