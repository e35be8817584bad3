"""A run carried on in this process, until it ends or waits for somebody who is not here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from contracts.clock import unix_ms
from contracts.errors import Conflict, Unavailable
from contracts.journal import Wait
from contracts.run import Run
from service.console import counted
from service.desk import LocalDesk
from service.progress import Progress
from storage.queries import due_runs, unfinished_runs
from traces.follow import count_of_run

LOOK_S: Final = 0.25
"""How long a run that has come to a halt may go unnoticed."""
AT_ONCE: Final = 100
"""Runs gone on with together."""


def count_unfinished(desk: LocalDesk, *, most: int) -> int:
    """Return how many runs could be gone on with, counted up to `most`."""
    found = desk.reader.query(*unfinished_runs(limit=most))
    due = desk.reader.query(*due_runs(before_ms=unix_ms(desk.clock.now()), limit=most))
    return min(most, len(found) + len(due))


def _unfinished(desk: LocalDesk) -> Iterator[list[str]]:
    """Yield runs that a process left behind, then those that were told something since; so many at a time."""
    last = 0
    while rows := desk.reader.query(*unfinished_runs(after=last, limit=AT_ONCE)):
        last = rows[-1]["seq"]
        yield [row["run_id"] for row in rows]
    seen: set[str] = set()
    while True:
        rows = desk.reader.query(*due_runs(before_ms=unix_ms(desk.clock.now()), limit=AT_ONCE))
        fresh = [row["run_id"] for row in rows if row["run_id"] not in seen]
        if not fresh:
            return
        seen.update(fresh)
        yield fresh


async def resume(desk: LocalDesk, wanted: str, progress: Progress) -> list[Run]:
    """Go on with one run, or with `all` that are unfinished, and return them.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`.
    """
    if wanted != "all":
        run = desk.runs.get(wanted)
        if run.state.is_final:
            raise Conflict(
                "run.ended",
                f"run {wanted!r} has already ended",
                hint=f"Try it again as a new one: callsheet objectives retry {wanted}",
            )
        if run.plan is not None:
            progress.plan(run.plan)
        await desk.engine.wake(wanted)
        return [await carry_on(desk, wanted, progress)]
    found: list[Run] = []
    progress.names_runs = True
    for names in _unfinished(desk):
        for run_id in names:
            await desk.engine.wake(run_id)
        going = (carry_on(desk, run_id, progress, at_interrupt="leave") for run_id in names)
        found += await asyncio.gather(*going)
    if not found:
        progress.say("no run is unfinished")
    return found


async def carry_on(
    desk: LocalDesk, run_id: str, progress: Progress, *, at_interrupt: Literal["cancel", "leave"] = "cancel"
) -> Run:
    """Return a run that is under way here once it has ended, or once only a person or a signal moves it.

    Args:
        desk: Whose engine runs it.
        run_id: Which run.
        progress: Told how it ended.
        at_interrupt: Whether the run is cancelled when this is, or stays unfinished.

    Raises:
        Unavailable: `run.end_not_kept`.
    """
    try:
        halted = await _halt(desk, run_id)
    except asyncio.CancelledError:
        if at_interrupt == "cancel":
            await desk.engine.cancel(run_id, "interrupted")
        raise
    run = desk.runs.get(run_id)
    if halted:
        progress.waits(run, halted)
    elif not run.state.is_final:
        raise Unavailable(
            "run.end_not_kept",
            f"run {run.run_id} ended, and its end could not be written",
            where=str(desk.settings.storage.path),
            hint="Make room on that disk; its traces up to then are kept.",
        )
    else:
        _tell_end(desk, run, progress)
    return run


async def _halt(desk: LocalDesk, run_id: str) -> Sequence[Wait]:
    """Return what a run waits for that cannot come while this process holds the database; nothing when it ended."""
    while not await desk.engine.wait(run_id, LOOK_S):
        if desk.engine.status(run_id) == "parked" and not desk.runs.get(run_id).state.is_final:
            waits = desk.waits(run_id)
            if waits and all(w.until_ms is None for w in waits):
                return waits
    return ()


def _tell_end(desk: LocalDesk, run: Run, progress: Progress) -> None:
    if desk.files_lost():
        progress.say(
            f"{counted(desk.files_lost(), 'trace file')} could not be written; the database has them",
            "yellow",
        )
    traces = desk.settings.traces
    progress.ended(
        run,
        traces=count_of_run(desk.reader, run.run_id),
        folder=str(traces.folder) if traces.files == "all" else "",
        database=str(desk.settings.storage.path),
    )
