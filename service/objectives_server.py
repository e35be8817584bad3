"""Runs as a command reaches them over the server that holds the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from service.actions import Settled, Verdict
from service.remote import Server

Found = dict[str, Any]
"""What is answered, as the API does."""


class ServerCounter:
    """Asks the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def page(self, *, state: str | None, limit: int, after: str | None) -> Found:
        """Return a page of runs, newest first."""
        asked = {k: v for k, v in {"state": state, "limit": limit, "after": after}.items() if v is not None}
        return await self._server.ask("GET", f"/objectives?{urlencode(asked)}")

    async def show(self, run_id: str) -> Found:
        """Return one run, with what it waits for."""
        return await self._server.ask("GET", _path(run_id))

    async def cancel(self, run_id: str) -> Found:
        """Ask a run to stop, and return it."""
        return await self._server.ask("POST", f"{_path(run_id)}/cancel", {})

    async def retry(self, run_id: str, settled: Mapping[str, Settled]) -> Found:
        """Try a run again, and return the new one."""
        body: Found = {"settled": {subtask: _outcome(known) for subtask, known in settled.items()}}
        return await self._server.ask("POST", f"{_path(run_id)}/retry", body)

    async def decide(self, run_id: str, verdict: Verdict, *, plan_id: str, subtask: str | None) -> Found:
        """Approve or reject what waits, and return the run."""
        body: Found = {"plan_id": plan_id} | ({"subtask": subtask} if subtask is not None else {})
        return await self._server.ask("POST", f"{_path(run_id)}/{verdict}", body)

    async def signal(self, run_id: str, name: str, *, payload: JsonValue, signal_id: str | None) -> Found:
        """Tell a run something, and return the signal."""
        body: Found = {"name": name, "payload": payload} | ({"signal_id": signal_id} if signal_id else {})
        return await self._server.ask("POST", f"{_path(run_id)}/signals", body)

    def note(self, _run_id: str) -> str:
        """Say nothing: the server goes on with it."""
        return ""


def _outcome(settled: Settled) -> dict[str, JsonValue]:
    return {"outcome": "done", "output": settled.output} if settled.is_done else {"outcome": "not_done"}


def _path(run_id: str) -> str:
    return f"/objectives/{quote(run_id, safe='')}"
