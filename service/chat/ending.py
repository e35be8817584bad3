"""Runs that somebody talks to: begun, waited for until only a person can move them, stopped when nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import CallsheetError
from contracts.journal import Wait
from contracts.run import Run
from service import actions
from service.desk_protocol import Desk

LOOK_S: Final = 0.25
"""How long a run that has come to a halt may go unnoticed."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A run as far as it came."""

    run: Run
    waits: Sequence[Wait] = ()
    """What it waits for, where only a person or a signal can move it."""


class Begun:
    """The runs that were begun for one answer.

    A run is kept though its caller leaves while it is being taken in, so
    whoever stops them waits for that first.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._taking: list[asyncio.Future[str]] = []

    @property
    def run_ids(self) -> list[str]:
        """Those that were taken in, in the order they were asked for."""
        return [t.result() for t in self._taking if t.done() and not t.cancelled() and t.exception() is None]

    async def take(self, taking: Coroutine[Any, Any, str]) -> str:
        """Return the id of a run that `taking` takes in; raises as that does."""
        found = asyncio.ensure_future(taking)
        self._taking.append(found)
        return await asyncio.shield(found)

    async def stop(self) -> None:
        """Cancel every one that has not ended."""
        await asyncio.gather(*self._taking, return_exceptions=True)
        for run_id in self.run_ids:
            await stop_run(self.desk, run_id)


async def wait_for(desk: Desk, run_id: str, *, seconds: float) -> Halt:
    """Return a run once it has ended, once it waits for somebody, or after a time."""
    left_s = seconds
    while not await desk.engine.wait(run_id, min(LOOK_S, left_s)):
        if desk.engine.status(run_id) == "parked":
            waits = desk.waits(run_id)
            if waits and all(wait.until_ms is None for wait in waits):
                return Halt(desk.runs.get(run_id), waits)
        left_s -= LOOK_S
        if left_s <= 0:
            break
    return Halt(desk.runs.get(run_id))


async def stop_run(desk: Desk, run_id: str) -> None:
    """Cancel a run whose caller has gone; one that has ended stays as it is."""
    try:
        await actions.cancel(desk, run_id, reason="its caller hung up")
    except CallsheetError:
        return  # it has ended, or the service is ending: then it is left to the next start
