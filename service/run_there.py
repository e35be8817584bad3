"""An objective run by the server that holds the database: sent once, however often it is asked; then followed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import fields
from typing import Any, Final

from pydantic import JsonValue

from contracts.clock import SystemClock
from contracts.errors import CallsheetError, Conflict, Unavailable
from contracts.journal import Wait
from contracts.run import Run, RunState
from egress.fetch import Egress
from service.following import follow_server
from service.objectives_lines import event_text
from service.progress import Progress
from service.remote import Server, server_url
from service.run_task import Task
from service.settings import Settings

SENDS: Final = 5
PAUSE_S: Final = 0.5


class Whereabouts:
    """The server that holds the database, wherever it answers now: one started again may have another port."""

    def __init__(self, egress: Egress, settings: Settings) -> None:
        self._egress = egress
        self._settings = settings

    def find(self) -> Server | None:
        """Return the server; None while there is none."""
        url = server_url(self._settings)
        return Server(self._egress, self._settings, url) if url else None

    def must_find(self) -> Server:
        """Return the server.

        Raises:
            Unavailable: `server.unreachable`.
        """
        found = self.find()
        if found is None:
            raise Unavailable("server.unreachable", "no server holds the database any more")
        return found


async def run_there(settings: Settings, task: Task, *, progress: Progress) -> Run:
    """Submit an objective, tell how it goes, return the run once it has ended or waits for a person.

    Raises:
        CallsheetError: The server's own code where it refused.
        Unavailable: `server.unreachable`.
    """
    body: dict[str, JsonValue] = {"objective": task.objective, "inputs": dict(task.inputs)}
    if task.plan is not None:
        body["plan"] = task.plan.as_json()
    terms = task.terms
    body |= {"priority": terms.priority, "approval": terms.approval, "deadline_s": terms.deadline_s}
    async with Egress(SystemClock()) as egress:
        place = Whereabouts(egress, settings)
        accepted = await _submit(place, body)
        return await _follow(place, str(accepted["run_id"]), progress)


async def go_on_there(settings: Settings, run_id: str, *, progress: Progress) -> Run:
    """Follow a run that the server carries on, as `run_there` does."""
    async with Egress(SystemClock()) as egress:
        return await _follow(Whereabouts(egress, settings), run_id, progress)


async def _submit(place: Whereabouts, body: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Send an objective until an answer comes: one name for all tries, so that it is taken in once."""
    key = secrets.token_hex(16)
    for left in range(SENDS - 1, -1, -1):
        try:
            return await place.must_find().ask("POST", "/objectives", body, headers={"idempotency-key": key})
        except CallsheetError as exc:
            if left == 0 or exc.code not in {"server.unreachable", "request.key_in_flight"}:
                raise
            await SystemClock().sleep(PAUSE_S)
    raise AssertionError("the last try raises or returns")


async def _follow(place: Whereabouts, run_id: str, progress: Progress) -> Run:
    path = f"/objectives/{run_id}"
    server = place.must_find()
    progress.say(f"run {run_id} at {server.url}/ui/runs/{run_id}")
    try:
        async with aclosing(follow_server(place.find, run_id, after=0, clock=SystemClock())) as events:
            async for event in events:
                text, style = event_text(event)
                progress.say(text, style)
                if event.kind != RunState.AWAITING_APPROVAL:
                    continue
                found = await place.must_find().ask("GET", path)
                if run_in(found).state is RunState.AWAITING_APPROVAL:
                    progress.waits(run_in(found), waits_in(found))
                    return run_in(found)
    except asyncio.CancelledError:
        await _cancel(place, path)
        raise
    return run_in(await place.must_find().ask("GET", path))


def run_in(found: Mapping[str, Any]) -> Run:
    """Return the run an answer tells of."""
    return Run.model_validate({k: v for k, v in found.items() if k in Run.model_fields})


def waits_in(found: Mapping[str, Any]) -> Sequence[Wait]:
    """Return what the run of an answer waits for."""
    names = [f.name for f in fields(Wait)]
    return [Wait(**{name: wait[name] for name in names}) for wait in found.get("waits") or ()]


async def _cancel(place: Whereabouts, path: str) -> None:
    with suppress(Conflict):  # it has ended by itself
        await place.must_find().ask("POST", f"{path}/cancel", {})
