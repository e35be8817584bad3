"""Bar 6, first half: many runs that wait for a person cost no memory, and one that is approved goes on at once."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.chaos.chronicle import read_chronicle
from benchmarks.chaos.figures import Figure, percentile, say
from benchmarks.chaos.victim import DATABASE, Victim
from benchmarks.chaos.wire import Line

BAR_MB: Final = 80
BAR_MS: Final = 300
PARK_S: Final = 1800.0
SETTLE_S: Final = 0.5
START_S: Final = 10.0
"""Without a single one beginning, after which those that are left count as never woken."""


async def park_many(folder: Path, *, parked: int, wakes: int, seed: int) -> list[Figure]:
    """Park so many runs in a live service, measure it, measure the next life, approve some of them."""
    idle = Victim.in_new(folder / "idle")
    idle_mb, _ = await _at_rest(idle, park=0)
    await idle.kill()
    full = Victim.in_new(folder / "full")
    began = time.monotonic()
    parking_mb, _ = await _at_rest(full, park=parked)
    took = time.monotonic() - began
    say(f"{parked} parked in {took:.0f} s")
    await full.kill()
    born_mb, idle_cpu = await _at_rest(full, park=0)
    woken = await _approve(full, _some(full.folder, wakes, seed))
    after_mb = full.rss_mb()
    await full.kill()
    return [
        Figure("bar6_parked", parked, what=f"{took / max(parked, 1) * 1000:.2f} ms each, through the engine"),
        Figure("bar6_idle_mb", round(idle_mb, 1)),
        Figure("bar6_parked_mb_over_idle", round(born_mb - idle_mb, 1), most=BAR_MB, what="after a start"),
        Figure("bar6_parking_mb_over_idle", round(parking_mb - idle_mb, 1), most=BAR_MB,
               what="in the process that parked them"),
        Figure("bar6_woken_mb_over_idle", round(after_mb - idle_mb, 1), most=BAR_MB, what="after the approvals"),
        Figure("bar6_parked_cpu_percent", round(idle_cpu, 1), what="while nothing happens"),
        Figure("bar6_wake_p99_ms", percentile(woken, 0.99), most=BAR_MS, what="approval sent to first attempt"),
        Figure("bar6_wake_p50_ms", percentile(woken, 0.5)),
        Figure("bar6_never_woken", wakes - len(woken), most=0),
    ]  # fmt: skip


async def _at_rest(victim: Victim, *, park: int) -> tuple[float, float]:
    """Return the memory of a service that has come to rest, and the share of a processor it uses there."""
    await victim.start(park=park)
    if park and not await victim.said(within_s=PARK_S):
        raise RuntimeError(f"parking ended early:\n{victim.last_words()}")
    line = Line(victim.port)
    for _ in range(20):
        await line.ask("GET", "/objectives?limit=50")
    line.close()
    await asyncio.sleep(SETTLE_S)
    before = victim.cpu_s()
    await asyncio.sleep(SETTLE_S)
    share = (victim.cpu_s() - before) / SETTLE_S * 100
    return victim.rss_mb(), share


def _some(folder: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """Return the ids of some waiting runs, and their plans'."""
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT run_id, plan_id FROM run WHERE state = 'awaiting_approval'"
        ).fetchall()
    return random.Random(seed).sample(rows, min(count, len(rows)))


async def _approve(victim: Victim, chosen: list[tuple[str, str]]) -> list[float]:
    """Approve one after the other and return how long each took to begin."""
    line = Line(victim.port)
    sent = {}
    for run_id, plan_id in chosen:
        sent[run_id] = time.monotonic()
        headers = {"if-match": f'"{plan_id}"'}
        answer = await line.ask("POST", f"/objectives/{run_id}/approve", body={}, headers=headers)
        if answer.status not in {200, 202}:
            raise RuntimeError(f"approve: {answer.status} {answer.body!r}")
    line.close()
    began: dict[str, float] = {}
    until = time.monotonic() + START_S
    while len(began) < len(chosen) and time.monotonic() < until:
        await asyncio.sleep(0.05)
        before = len(began)
        for note in read_chronicle(victim.folder):
            if note.kind == "started" and note.run_id in sent:
                began.setdefault(note.run_id, note.at_s)
        if len(began) > before:
            until = time.monotonic() + START_S
    return [(began[run_id] - sent[run_id]) * 1000 for run_id in began]
