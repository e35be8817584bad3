"""Fetch one URL under a policy: every hop parsed, resolved and checked anew, everything bounded.

The status is the caller's to judge: a 404 is an answer. What is refused is
`Refused`, and nothing was sent; what broke is `AttemptFailed`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from contracts.clock import Clock, SystemClock
from contracts.errors import AttemptFailed, CallsheetError, Refused
from contracts.policy import FetchLimits, Policy
from egress.ask import Ask
from egress.client import BoundedTransport, open_client
from egress.decode import read_decoded
from egress.fetch_door import Fetched, Guard
from egress.meter import charge
from egress.resolve import Resolver, SystemResolver
from egress.sdk_transport import SdkTransport
from egress.target import shown
from egress.transport import Door, Passage, PinnedTransport
from egress.turns import PER_HOST, HostTurns
from egress.wire import joined_headers

if TYPE_CHECKING:
    import httpx2

_LOCATION: Final = "callsheet.location"


class Egress:
    """The door to the network for everything but the browser."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        per_host: int = PER_HOST,
    ) -> None:
        self._turns = HostTurns(per_host)
        self._door = Door(resolver or SystemResolver(), tls, clock or SystemClock())
        self._client2: Any = None  # imported for the first SDK that is built on httpx2
        self.counts = self._door.counts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave: no connection outlives its fetch, so nothing is left to close."""

    async def fetch(
        self,
        url: str,
        *,
        policy: Policy,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: FetchLimits | None = None,
        guard: Guard | None = None,
    ) -> Fetched:
        """Return what `url` answers, redirects followed.

        Args:
            url: http or https.
            policy: What may be reached.
            method: In capitals.
            headers: More of them; those that frame the message are not the caller's.
            body: Sent as it is.
            limits: The policy's, unless given.
            guard: Asked before every hop; what it raises is raised.

        Raises:
            Refused: `egress.bad_url`, `egress.scheme`, `egress.host_not_allowed`,
                `egress.private_address`, `egress.bad_port`.
            AttemptTimedOut: `egress.timeout`.
            AttemptFailed: `egress.dns`, `egress.connect`, `egress.protocol`,
                `egress.too_large`, `egress.redirects`.
            InvalidInput: `egress.bad_header`.
        """
        limits = limits or policy.limits
        pinned = PinnedTransport(self._door, policy, limits)
        try:
            ask = Ask.of(url, method=method, headers=headers or {}, body=body)
            passage = Passage.of(ask.target, policy, limits, clock=self._door.clock)
            async with open_client(pinned, on_response=_own_redirect) as client:
                return await _follow(client, ask, passage, limits, self._turns, guard=guard)
        except Refused:
            self.counts.refused += 1
            raise

    def client(self, policy: Policy, *, limits: FetchLimits | None = None) -> httpx.AsyncClient:
        """Return an httpx client whose every request goes through this door; close it after use.

        For what speaks HTTP by itself, as providers' SDKs do. Each request,
        with the redirects that httpx follows for it, if told to, has the bytes
        and the time of one fetch; a redirect reaches what one of a fetch would.
        Cookies are not kept, the environment is not asked.

        Args:
            policy: What may be reached.
            limits: The policy's, unless given.

        Raises from its requests what `fetch` raises; `httpx.TooManyRedirects`
        and `httpx.RemoteProtocolError` for redirects, where httpx follows them.
        """
        limits = limits or policy.limits
        return open_client(self._bounded(policy, limits), redirects=limits.redirects)

    async def sdk_transport(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx.AsyncBaseTransport:
        """Return the way out for an SDK's own httpx client; see `SdkDoor`."""
        return SdkTransport(self._bounded(policy, limits), headers)

    async def sdk_client(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx2.AsyncClient:
        """Return a client for an SDK that is built on httpx2; see `SdkDoor`."""
        if self._client2 is None:
            self._client2 = await asyncio.to_thread(import_module, f"{__package__}.client2")
        transport = await self.sdk_transport(policy, limits=limits, headers=headers)
        client: httpx2.AsyncClient = self._client2.open_client2(transport)
        return client

    def _bounded(self, policy: Policy, limits: FetchLimits) -> BoundedTransport:
        return BoundedTransport(PinnedTransport(self._door, policy, limits), limits, self.counts)


async def _follow(
    client: httpx.AsyncClient,
    ask: Ask,
    passage: Passage,
    limits: FetchLimits,
    turns: HostTurns,
    *,
    guard: Guard | None,
) -> Fetched:
    hops: list[str] = []
    while len(hops) <= limits.redirects:
        hops.append(ask.target.url)
        try:
            more = guard(ask.method, ask.target.url) if guard is not None else {}
            async with turns.turn(ask.target.host):
                found = await _hop(client, ask, passage, limits, more)
        except CallsheetError as exc:
            exc.data |= {"hop": len(hops) - 1, "hops": [shown(h) for h in hops[:20]]}
            exc.data["wire_bytes"] = passage.meter.used
            raise
        if isinstance(found, Fetched):
            return replace(found, hops=tuple(hops))
        ask = found
    raise AttemptFailed(
        "egress.redirects",
        f"more than {limits.redirects} redirects from {shown(hops[0])!r}",
        where=shown(hops[-1]),
        data={"hops": [shown(h) for h in hops[:20]]},
    )


async def _hop(
    client: httpx.AsyncClient, ask: Ask, passage: Passage, limits: FetchLimits, more: Mapping[str, str]
) -> Fetched | Ask:
    charge("requests", 1)
    # What goes on after a redirect is the ask without them: they were for this hop.
    sent = ask.carrying(more) if more and ask.target.origin == passage.origin else ask
    response = await client.send(sent.request(passage.extensions), stream=True)
    try:
        if (location := response.extensions.get(_LOCATION)) is not None:
            return ask.redirected(response.status_code, location)
        headers = joined_headers(response.headers.raw)
        body = await read_decoded(
            response.aiter_raw(), coding=headers.get("content-encoding", ""), limit=limits.decoded_bytes
        )
    finally:
        await response.aclose()
    charge("bytes", passage.meter.used)
    media_type, charset = content_type(headers.get("content-type", ""))
    return Fetched(
        url=ask.target.url,
        status=response.status_code,
        headers=headers,
        body=body,
        media_type=media_type,
        charset=charset,
        hops=(),
        wire_bytes=passage.meter.used,
    )


async def _own_redirect(response: httpx.Response) -> None:
    """Take a redirect out of httpx's hands: it reads Location by rules of its own even if it is not to follow."""
    if response.has_redirect_location:
        response.extensions[_LOCATION] = joined_headers(response.headers.raw)["location"]
        del response.headers["location"]


def content_type(header: str) -> tuple[str, str | None]:
    """Return the media type (empty for none) and the charset a Content-Type header names."""
    media_type, *parameters = (part.strip() for part in header.lower().split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(" '\""):
            return media_type, value.strip(" '\"")[:40]
    return media_type, None
