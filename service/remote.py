"""Running an objective on the server that holds the database, over its own API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from contracts.clock import SystemClock
from contracts.errors import CallsheetError, InvalidPlan, Problem, Unavailable
from contracts.jsonvalue import parse_json
from contracts.plan import Plan
from contracts.policy import Grant, Policy
from contracts.run import Run
from egress.fetch import Egress
from service.settings import Settings

POLL_S: Final = 0.3


async def run_remotely(
    settings: Settings,
    url: str,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    plan: Plan | None,
    tell: Callable[[str], None],
) -> Run:
    """Submit an objective, tell where it runs, wait for its end, return the run.

    Raises:
        CallsheetError: The server's own code where it refused.
        Unavailable: `server.unreachable`.
    """
    body: dict[str, JsonValue] = {"objective": objective, "inputs": dict(inputs)}
    if plan is not None:
        body["plan"] = plan.as_json()
    async with Egress(SystemClock()) as egress:
        server = _Server(egress, settings, url)
        accepted = await server.ask("POST", "/objectives", body)
        path = f"/objectives/{accepted['run_id']}"
        tell(f"run {accepted['run_id']} at {url}/ui/runs/{accepted['run_id']}")
        try:
            return await _end_of(server, path)
        except asyncio.CancelledError:
            await server.ask("POST", f"{path}/cancel", {})
            raise


async def _end_of(server: _Server, path: str) -> Run:
    while True:
        found = await server.ask("GET", path)
        run = Run.model_validate({k: v for k, v in found.items() if k in Run.model_fields})
        if run.state.is_final:
            return run
        await SystemClock().sleep(POLL_S)


class _Server:
    def __init__(self, egress: Egress, settings: Settings, url: str) -> None:
        grant = Grant(kind="private_host", value=urlsplit(url).netloc, by="the database's lock")
        self._policy = Policy(grants=(grant,))
        self._egress = egress
        self._url = url.rstrip("/")
        key = settings.server.api_key
        self._headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    async def ask(
        self, method: str, path: str, body: Mapping[str, JsonValue] | None = None
    ) -> dict[str, Any]:
        headers = {**self._headers, "accept": "application/json", "content-type": "application/json"}
        sent = json.dumps(body).encode() if body is not None else None
        try:
            answer = await self._egress.fetch(
                self._url + path, policy=self._policy, method=method, headers=headers, body=sent
            )
        except CallsheetError as exc:
            raise Unavailable(
                "server.unreachable",
                f"the server at {self._url} does not answer: {exc.message}",
                hint="End that process, or name another database with --db.",
            ) from exc
        document: Any = parse_json(answer.body)
        if answer.status >= 400:
            raise _refusal(document)
        found: dict[str, Any] = document
        return found


def _refusal(document: Mapping[str, Any]) -> CallsheetError:
    code, detail = str(document.get("code", "server.refused")), str(document.get("detail", "refused"))
    problems = [
        Problem(
            str(p.get("code", code)), str(p.get("pointer", "")), str(p.get("message", p.get("detail", "")))
        )
        for p in document.get("errors", ())
    ]
    if problems:
        return InvalidPlan(problems)
    return CallsheetError(code, detail, hint=str(document.get("hint", "")))
