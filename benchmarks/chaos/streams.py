"""Bar 10, first half: many clients read the events of long runs and are cut off again and again; none misses one.

The clients live in processes of their own (`readers.py`): they share no event
loop with the service's keeper.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.plans import chain
from benchmarks.chaos.readers import Heard
from benchmarks.chaos.victim import ROOT, Victim
from benchmarks.chaos.wire import Line

RUNS: Final = 8
PROCESSES: Final = 2
STEPS: Final = 1_200
STEP_MS: Final = 250
CLIENT_S: Final = 900.0
READERS: Final = Path(__file__).with_name("readers.py")


async def stream_to_many(
    folder: Path, *, clients: int, reconnects: int, seed: int, steps: int = STEPS
) -> list[Figure]:
    """Let so many clients read runs of so many steps, each cut off so often, until the runs are over."""
    victim = Victim(folder, settings={"run": {"concurrency": RUNS}})
    await victim.start()
    try:
        began = time.monotonic()
        run_ids = await _start_runs(victim, steps)
        heard = await _read_all(victim, run_ids, clients=clients, reconnects=reconnects, seed=seed)
        took = time.monotonic() - began
        rss = victim.rss_mb()
    finally:
        await victim.stop()
    ends = [set(numbers) for numbers in heard.last.values()]
    say(f"{heard.connections} streams, {heard.events} events in {took:.0f} s")
    return [
        Figure("bar10_sse_clients", clients),
        Figure("bar10_sse_reconnects_each", reconnects),
        Figure("bar10_sse_connections", heard.connections, what=f"in {took:.0f} s"),
        Figure("bar10_sse_events", heard.events),
        Figure("bar10_sse_gaps", heard.gaps, most=0),
        Figure("bar10_sse_duplicates", heard.doubles, most=0),
        Figure("bar10_sse_unfinished", heard.unfinished, most=0, what="clients that did not hear the end"),
        Figure("bar10_sse_different_ends", sum(len(end) > 1 for end in ends), most=0),
        Figure("bar10_sse_refused", heard.refused, what="connections without a stream, tried again"),
        Figure("bar10_sse_rss_mb", round(rss, 1)),
    ]


async def _start_runs(victim: Victim, steps: int) -> list[str]:
    """Start runs that produce events until they are told to stop."""
    line, found = Line(victim.port), []
    for number in range(RUNS):
        tag = f"long {number}"
        body = {"objective": tag, "plan": chain(tag, ["chaos_pure"] * steps, ms=STEP_MS)}
        answer = await line.ask("POST", "/objectives", body=body)
        if answer.status != 202:
            raise RuntimeError(f"{answer.status} {answer.body!r}")
        found.append(answer.json["run_id"])
    line.close()
    return found


async def _read_all(victim: Victim, run_ids: list[str], *, clients: int, reconnects: int, seed: int) -> Heard:
    """Return what all clients saw, once each was cut off often enough and the runs were cancelled."""
    shares = [clients // PROCESSES + (i < clients % PROCESSES) for i in range(PROCESSES)]
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(READERS),
            str(victim.port), str(share), str(reconnects), str(seed + i), *run_ids,
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
        )
        for i, share in enumerate(shares)
    ]  # fmt: skip
    try:
        async with asyncio.timeout(CLIENT_S):
            return await _heard_by(children, victim, run_ids)
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()


async def _heard_by(
    children: Sequence[asyncio.subprocess.Process], victim: Victim, run_ids: Sequence[str]
) -> Heard:
    """End the runs once every client was cut off often enough, and return what all of them saw."""
    for child in children:
        assert child.stdout is not None
        await child.stdout.readline()
    line = Line(victim.port)
    for run_id in run_ids:
        await line.ask("POST", f"/objectives/{run_id}/cancel")
    line.close()
    heard = Heard()
    for child in children:
        told, _ = await child.communicate()
        heard.add(json.loads(told))
    return heard
