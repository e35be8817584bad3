"""Bar 8, first half: on a full disk writing is refused by 507, reading goes on, and room heals it without a restart."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.feeder import Objective, watch
from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.plans import plan, step
from benchmarks.chaos.victim import DATABASE, Victim
from benchmarks.chaos.wire import Answer, Gone, Line

SIZE: Final = "3m"
BALLAST: Final = 700 * 1024
FILL_S: Final = 120.0
READ_S: Final = 30.0
HEAL_S: Final = 10.0
UNHEALED_S: Final = 60.0
END_S: Final = 60.0
READS: Final = ("/objectives", "/objectives/{run_id}", "/traces", "/traces?run={run_id}", "/healthz")


@dataclass(slots=True)
class Seen:
    """What the service did."""

    refused: list[Answer] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Answers that a full disk does not explain, and silences."""
    taken: list[Objective] = field(default_factory=list)
    healed_ms: list[float] = field(default_factory=list)
    reads: int = 0


async def fill_disk(folder: Path, *, rounds: int = 2) -> list[Figure]:
    """Fill a small file system under a service and make room again, so often."""
    disk = folder / "disk"
    disk.mkdir()
    async with _mounted(disk) as why_not:
        if why_not:
            return [Figure("bar8_full_disk_507", None, what=f"no tmpfs: {why_not}")]
        for number in range(rounds):
            (disk / f"ballast{number}").write_bytes(b"\0" * BALLAST)
        victim = Victim(folder, database=disk / DATABASE)
        seen = Seen()
        await victim.start()
        try:
            for number in range(rounds):
                await _fill(victim, seen)
                await _look_around(victim, seen)
                (disk / f"ballast{number}").unlink()
                await _heal(victim, seen)
            say(f"the disk was full {rounds} times")
            stuck = await _end(victim, seen)
        finally:
            await victim.stop()
    return _figures(seen, stuck=stuck, rounds=rounds)


def _figures(seen: Seen, *, stuck: int, rounds: int) -> list[Figure]:
    right = sum(a.status == 507 and bool(a.code) for a in seen.refused)
    codes = sorted({a.code for a in seen.refused})
    return [
        Figure("bar8_full_disk_507", right, what=f"refusals; {', '.join(codes)}"),
        Figure("bar8_full_disk_other_answers", len(seen.refused) - right + len(seen.odd), most=0,
               what="; ".join(seen.odd[:3])[:100]),
        Figure("bar8_full_disk_reads", seen.reads, what="all 200"),
        Figure("bar8_full_disk_never_full", rounds - min(rounds, right), most=0),
        Figure("bar8_full_disk_healed_ms_max", round(max(seen.healed_ms), 1) if seen.healed_ms else None,
               most=HEAL_S * 1000, what="from room to the next 202"),
        Figure("bar8_full_disk_unhealed", rounds - len(seen.healed_ms), most=0),
        Figure("bar8_full_disk_stuck", stuck, most=0, what=f"of {len(seen.taken)} taken in"),
    ]  # fmt: skip


@asynccontextmanager
async def _mounted(disk: Path) -> AsyncIterator[str]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    try:
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        why = done.stderr.strip() if done.returncode else ""
    except OSError as exc:
        why = str(exc)
    try:
        yield why
    finally:
        if not why:
            await asyncio.to_thread(subprocess.run, ["umount", str(disk)], check=False)


def _body(tag: str, number: int) -> dict[str, Any]:
    return {"objective": tag, "plan": plan(tag, [step("s", "chaos_bulky", seed=number, chars=15_000)])}


async def _post(victim: Victim, seen: Seen) -> Answer | None:
    number = len(seen.taken) + len(seen.refused)
    tag = f"fill {number}"
    line = Line(victim.port)
    try:
        answer = await line.ask("POST", "/objectives", body=_body(tag, number), timeout_s=READ_S)
    except (Gone, TimeoutError) as exc:
        seen.odd.append(f"POST: {type(exc).__name__} {exc}")
        return None
    finally:
        line.close()
    if answer.status == 202:
        run_id = answer.json["run_id"]
        seen.taken.append(Objective(tag, _body(tag, number), run_id=run_id))
    else:
        seen.refused.append(answer)
    return answer


async def _fill(victim: Victim, seen: Seen) -> None:
    until = time.monotonic() + FILL_S
    while time.monotonic() < until:
        answer = await _post(victim, seen)
        if answer is None or answer.status != 202:
            return
        await asyncio.sleep(0.01)
    seen.odd.append("the disk never filled")


async def _look_around(victim: Victim, seen: Seen) -> None:
    """Read everything and write some more, with the disk full."""
    line = Line(victim.port)
    for _ in range(10):
        for path in READS:
            asked = path.format(run_id=seen.taken[0].run_id)
            try:
                answer = await line.ask("GET", asked, timeout_s=READ_S)
            except (Gone, TimeoutError) as exc:
                seen.odd.append(f"GET {path}: {type(exc).__name__} {exc}")
                continue
            seen.reads += answer.status == 200
            if answer.status != 200:
                seen.odd.append(f"GET {path}: {answer.status}")
        await _post(victim, seen)
    line.close()


async def _heal(victim: Victim, seen: Seen) -> None:
    began = time.monotonic()
    before = len(seen.taken)
    while time.monotonic() - began < UNHEALED_S:
        refused, odd = len(seen.refused), len(seen.odd)
        await _post(victim, seen)
        if len(seen.taken) > before:
            seen.healed_ms.append((time.monotonic() - began) * 1000)
            return
        del seen.refused[refused:], seen.odd[odd:]  # it may take a moment
        await asyncio.sleep(0.05)


async def _end(victim: Victim, seen: Seen) -> int:
    """Return how many of the runs taken in do not end."""
    watching = [asyncio.create_task(watch(victim, o)) for o in seen.taken]
    _, pending = await asyncio.wait(watching, timeout=END_S)
    for task in pending:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return len(pending)
