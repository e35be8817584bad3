"""The server that holds the database, as its own commands talk to it: over its API, with its events followed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from contracts.errors import (
    AttemptFailed,
    CallsheetError,
    Conflict,
    InvalidInput,
    InvalidPlan,
    NotFound,
    OutOfSpace,
    Problem,
    Refused,
    Unavailable,
)
from contracts.jsonvalue import parse_json
from contracts.policy import FetchLimits, Grant, Policy
from egress.fetch import Egress
from service.settings import Settings
from service.sse import Sent, SseReader
from storage.lock import read_holder

STREAM: Final = FetchLimits(wire_bytes=1 << 30, decoded_bytes=1 << 30, timeout_s=600)
"""Of one connection that events come over; then another one is made."""
MAX_REFUSAL: Final = 256 * 1024

_CLASSES: Final[Mapping[int, type[CallsheetError]]] = {
    401: Refused, 403: Refused, 404: NotFound, 409: Conflict, 412: Conflict, 422: InvalidInput,
    428: InvalidInput, 503: Unavailable, 507: OutOfSpace,
}  # fmt: skip


class Server:
    """One server, asked over its API.

    Args:
        egress: The way out.
        settings: Whose API key is sent.
        url: Where it answers.
    """

    def __init__(self, egress: Egress, settings: Settings, url: str) -> None:
        self.url = url.rstrip("/")
        self._grant = Grant(kind="private_host", value=urlsplit(url).netloc, by="the database's lock")
        self._egress = egress
        key = settings.server.api_key
        self._headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return what a route answers.

        Raises:
            CallsheetError: The server's own code where it refused.
            Unavailable: `server.unreachable`.
        """
        own = {"accept": "application/json", "content-type": "application/json"}
        sent = json.dumps(body).encode() if body is not None else None
        try:
            answer = await self._egress.fetch(
                self.url + path,
                policy=Policy(grants=(self._grant,)),
                method=method,
                headers={**self._headers, **own, **(headers or {})},
                body=sent,
            )
            document: Any = parse_json(answer.body)
        except CallsheetError as exc:
            raise self._unreachable(exc) from exc
        if answer.status >= 400:
            raise refusal(document, answer.status)
        found: dict[str, Any] = document
        return found

    @asynccontextmanager
    async def events(self, path: str, *, after: int) -> AsyncIterator[AsyncIterator[Sent] | None]:
        """Open a stream of events and give them as they come, until the connection ends; None: there are no more.

        Args:
            path: Of the route.
            after: The last event that was heard.

        Raises, here and while they come:
            CallsheetError: The server's own code where it refused.
            Unavailable: `server.unreachable`, `server.bad_stream`.
        """
        headers = {**self._headers, "accept": "text/event-stream", "last-event-id": str(after)}
        policy = Policy(grants=(self._grant,))
        try:
            async with (
                self._egress.client(policy, limits=STREAM) as client,
                client.stream("GET", self.url + path, headers=headers) as answer,
            ):
                if answer.status_code == 204:
                    yield None
                    return
                await _check(answer.status_code, answer.aiter_bytes())
                async with aclosing(_sent(answer.aiter_bytes())) as found:
                    yield found
        except AttemptFailed as exc:
            raise self._unreachable(exc) from exc

    def _unreachable(self, cause: CallsheetError) -> Unavailable:
        return Unavailable(
            "server.unreachable",
            f"the server at {self.url} does not answer: {cause.message}",
            hint="End that process, or name another database with --db.",
        )


def server_url(settings: Settings) -> str:
    """Return where the server that holds the database answers; empty where there is none."""
    holder = read_holder(settings.storage.path)
    return holder.url if holder is not None else ""


def refusal(document: Any, status: int) -> CallsheetError:
    """Return a problem document as the error it was made from."""
    found: Mapping[str, Any] = document if isinstance(document, dict) else {}
    code, detail = str(found.get("code", "server.refused")), str(found.get("detail", "refused"))
    problems = [
        Problem(
            str(p.get("code", code)), str(p.get("pointer", "")), str(p.get("message", p.get("detail", "")))
        )
        for p in found.get("errors", ())
    ]
    if problems:
        return InvalidPlan(problems)
    hint, where = str(found.get("hint", "")), str(found.get("where", ""))
    return _CLASSES.get(status, CallsheetError)(code, detail, hint=hint, where=where)


async def _sent(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Sent]:
    reader = SseReader()
    async for piece in pieces:
        for sent in reader.feed(piece):
            yield sent


async def _check(status: int, pieces: AsyncIterator[bytes]) -> None:
    if status < 400:
        return
    found = bytearray()
    async for piece in pieces:
        found += piece[:MAX_REFUSAL]
        if len(found) >= MAX_REFUSAL:
            break
    raise refusal(parse_json(bytes(found)), status)
