"""Bar 6, second half: a long journal with many unfinished runs; how soon after its start does a service go on?

One finished and one half-done run are made by the service itself; their rows
are then copied under other names, each with its own sum, until there are enough.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.chronicle import read_chronicle
from benchmarks.chaos.event_stream import Stream
from benchmarks.chaos.feeder import FINAL
from benchmarks.chaos.figures import Figure, say
from benchmarks.chaos.patience import until
from benchmarks.chaos.plans import plan, step
from benchmarks.chaos.victim import Victim
from benchmarks.chaos.wire import Line
from contracts.plan import load_plan
from storage.database import Database
from storage.journal_rows import insert_event, read_event
from storage.rows import (
    PlanRow,
    insert_plan,
    insert_run,
    insert_trace,
    insert_value,
    read_plan,
    read_run,
    read_trace,
    read_value,
)
from storage.statement import Statement

BAR_MS: Final = 2000
WAIT_S: Final = 60.0
BATCH: Final = 4000
TABLES: Final[Sequence[tuple[str, Callable[[Any], Any], Callable[[Any], Statement]]]] = (
    ("run", read_run, insert_run),
    ("trace", read_trace, insert_trace),
    ("value", read_value, insert_value),
    ("event", read_event, insert_event),
)


@dataclass(frozen=True, slots=True)
class Template:
    """One run's rows, to be copied."""

    run_id: str
    plan: PlanRow
    rows: Sequence[tuple[Any, Callable[[Any], Statement]]]

    def copy(self, number: int, *, own_plan: bool) -> Iterator[Statement]:
        """Yield the rows of another such run."""
        names = {self.run_id: f"{self.run_id[:-8]}{number:08d}"}
        if own_plan:
            sealed = load_plan(_half_plan(f"half {number}", ms=5))
            names[self.plan.plan_id] = sealed.plan_id
            yield insert_plan(PlanRow(sealed.plan_id, json.dumps(sealed.as_json()), None))
        for row, insert in self.rows:
            changed = {f.name: _renamed(getattr(row, f.name), names) for f in fields(row)}
            if "trace_id" in changed:
                new = f"{changed['trace_id'][:-10]}{number:08d}{changed['event_id']:02d}"
                changed = {k: _renamed(v, {changed["trace_id"]: new}) for k, v in changed.items()}
            yield insert(replace(row, **changed))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
    return value


def _half_plan(objective: str, *, ms: float) -> dict[str, Any]:
    return plan(objective, [step("s0", "chaos_pure", ms=1), step("s1", "chaos_pure", "s0", ms=ms)])


async def start_cold(folder: Path, *, rows: int, unfinished: int, starts: int = 3) -> list[Figure]:
    """Build a journal of so many rows and start a service on it, some times."""
    done, half = await _templates(folder / "template")
    victim, journal = Victim.in_new(folder / "cold"), folder / "journal.db"
    written = await asyncio.to_thread(_build, journal, done, half, rows=rows, unfinished=unfinished)
    say(f"{written:,} rows in the journal")
    took, ready, rss = [], [], 0.0
    for _ in range(starts):
        await asyncio.to_thread(_lay, journal, victim.path)
        await victim.spawn()
        if not await victim.ready():
            raise RuntimeError(f"the service did not start:\n{victim.last_words()}")
        ready.append((victim.ready_s - victim.born_s) * 1000)
        took.append(await _first_start_ms(victim))
        rss = victim.rss_mb()
        await victim.kill()
    return [
        Figure("bar6_cold_rows", written),
        Figure("bar6_cold_unfinished", unfinished),
        Figure(
            "bar6_cold_first_resumed_ms",
            round(max(took), 1),
            most=BAR_MS,
            what=f"the worst of {starts} starts",
        ),
        Figure("bar6_cold_ready_ms", round(max(ready), 1), what="until it serves"),
        Figure("bar6_cold_rss_mb", round(rss, 1)),
    ]


def _lay(journal: Path, path: Path) -> None:
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    shutil.copyfile(journal, path)
    path.chmod(0o600)


async def _first_start_ms(victim: Victim) -> float:
    def first() -> float | None:
        notes = read_chronicle(victim.folder)
        return next((n.at_s for n in notes if n.life == victim.life and n.kind == "started"), None)

    await until(lambda: first() is not None, within_s=WAIT_S)
    return ((first() or 0) - victim.born_s) * 1000


async def _templates(folder: Path) -> tuple[Template, Template]:
    """Return a finished run's rows and a half-done one's."""
    victim = Victim.in_new(folder)
    await victim.start()
    whole = plan(
        "whole", [step(f"s{i}", "chaos_pure", *([f"s{i - 1}"] if i else []), ms=1) for i in range(5)]
    )
    done = await _run_until(victim, whole, FINAL)
    half = await _run_until(victim, _half_plan("half", ms=60_000), {"attempt_ended"})
    await victim.kill()
    with closing(sqlite3.connect(victim.path)) as connection:
        connection.row_factory = sqlite3.Row
        return _template(connection, done), _template(connection, half)


async def _run_until(victim: Victim, document: dict[str, Any], kinds: set[str] | frozenset[str]) -> str:
    line = Line(victim.port)
    answer = await line.ask(
        "POST", "/objectives", body={"objective": document["objective"], "plan": document}
    )
    line.close()
    run_id: str = answer.json["run_id"]
    stream = await Stream.open(victim.port, run_id)
    async with asyncio.timeout(WAIT_S):
        while (sent := await stream.next()) is not None and sent.kind not in kinds:
            pass
    stream.close()
    return run_id


def _template(connection: sqlite3.Connection, run_id: str) -> Template:
    found = [
        (read(row), insert)
        for table, read, insert in TABLES
        for row in connection.execute(f"SELECT * FROM {table} WHERE run_id = ?", (run_id,))
    ]
    plan_id = found[0][0].plan_id
    row = connection.execute("SELECT * FROM plan WHERE plan_id = ?", (plan_id,)).fetchone()
    return Template(run_id, read_plan(row), found)


def _build(path: Path, done: Template, half: Template, *, rows: int, unfinished: int) -> int:
    """Write copies, the half-done ones spread among the others, and return how many rows there are."""
    of_half = unfinished * (len(half.rows) + 1)
    finished = max(rows - of_half, 0) // len(done.rows)
    every = max(finished // max(unfinished, 1), 1)
    written, batch = 0, [insert_plan(done.plan)]
    with Database.open(path) as database:
        for number in range(max(finished, unfinished * every)):
            if number < finished:
                batch += done.copy(number, own_plan=False)
            if number % every == 0 and number // every < unfinished:
                batch += half.copy(50_000_000 + number, own_plan=True)
            if len(batch) >= BATCH:
                written += len(batch)
                database.commit(batch).result()
                batch = []
        database.commit(batch).result()
    return written + len(batch)
