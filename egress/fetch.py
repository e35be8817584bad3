"""Fetch one URL under a policy: every hop parsed, resolved and checked anew, everything bounded.

The status is the caller's to judge: a 404 is an answer. What is refused is
`Refused`, and nothing was sent; what broke is `AttemptFailed`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpcore

from contracts.clock import Clock, SystemClock
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, Refused
from contracts.policy import FetchLimits, Policy
from egress.ask import REDIRECTS, Ask
from egress.decode import read_decoded
from egress.exchange import Door, exchange
from egress.reach import Reach
from egress.resolve import Resolver, SystemResolver
from egress.target import shown
from egress.wire import Meter, joined_headers, too_large


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL answered."""

    url: str
    """The last hop's."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Decoded."""
    media_type: str
    """Lower case, without parameters; empty when the answer names none."""
    charset: str | None
    hops: tuple[str, ...]
    """Every URL asked, the first to the last."""
    wire_bytes: int
    """Received, heads and redirects included."""


@dataclass(slots=True)
class Counts:
    """What went through a door so far."""

    requests: int = 0
    wire_bytes: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What every hop of one fetch shares."""

    reach: Reach
    limits: FetchLimits
    meter: Meter


class Egress:
    """The door to the network for everything but the browser."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._door = Door(resolver or SystemResolver(), tls)
        self.counts = Counts()

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
    ) -> Fetched:
        """Return what `url` answers, redirects followed.

        Args:
            url: http or https.
            policy: What may be reached.
            method: In capitals.
            headers: More of them; those that frame the message are not the caller's.
            body: Sent as it is.
            limits: The policy's, unless given.

        Raises:
            Refused: `egress.bad_url`, `egress.scheme`, `egress.host_not_allowed`,
                `egress.private_address`, `egress.bad_port`.
            AttemptTimedOut: `egress.timeout`.
            AttemptFailed: `egress.dns`, `egress.connect`, `egress.protocol`,
                `egress.too_large`, `egress.redirects`.
            InvalidInput: `egress.bad_header`.
        """
        limits = limits or policy.limits
        meter = Meter(limits.wire_bytes)
        started = self._clock.monotonic()
        deadline = asyncio.timeout(limits.timeout_s)
        try:
            async with deadline:
                ask = Ask.of(url, method=method, headers=headers or {}, body=body)
                return await self._follow(ask, _Bounds(Reach.of(policy, ask.target), limits, meter))
        except TimeoutError as exc:
            if not deadline.expired():
                raise
            raise timed_out(url, limits, elapsed_s=self._clock.monotonic() - started) from exc
        except Refused:
            self.counts.refused += 1
            raise
        finally:
            self.counts.wire_bytes += meter.used

    async def _follow(self, ask: Ask, bounds: _Bounds) -> Fetched:
        hops: list[str] = []
        while len(hops) <= bounds.limits.redirects:
            hops.append(ask.target.url)
            try:
                found = await self._hop(ask, bounds, tuple(hops))
            except CallsheetError as exc:
                exc.data |= {"hop": len(hops) - 1, "hops": [shown(h) for h in hops[:20]]}
                raise
            if isinstance(found, Fetched):
                return found
            ask = found
        raise AttemptFailed(
            "egress.redirects",
            f"more than {bounds.limits.redirects} redirects from {shown(hops[0])!r}",
            where=shown(hops[-1]),
            data={"hops": [shown(h) for h in hops[:20]]},
        )

    async def _hop(self, ask: Ask, bounds: _Bounds, hops: tuple[str, ...]) -> Fetched | Ask:
        self.counts.requests += 1
        async with exchange(
            self._door,
            ask.target,
            reach=bounds.reach,
            meter=bounds.meter,
            method=ask.method,
            headers=ask.wire_headers(),
            body=ask.body,
        ) as response:
            headers = joined_headers(response.headers)
            if response.status in REDIRECTS and "location" in headers:
                return ask.redirected(response.status, headers["location"])
            body = await _read_body(response, headers, bounds.limits)
            media_type, charset = content_type(headers.get("content-type", ""))
            return Fetched(
                url=ask.target.url,
                status=response.status,
                headers=headers,
                body=body,
                media_type=media_type,
                charset=charset,
                hops=hops,
                wire_bytes=bounds.meter.used,
            )


def timed_out(url: str, limits: FetchLimits, *, elapsed_s: float) -> AttemptTimedOut:
    """Return the error for a fetch that met its deadline."""
    return AttemptTimedOut(
        "egress.timeout",
        f"{shown(url)!r} did not answer whole within {limits.timeout_s:g} s",
        retryable=True,
        where=shown(url),
        data={"elapsed_s": round(elapsed_s, 3)},
    )


def content_type(header: str) -> tuple[str, str | None]:
    """Return the media type (empty for none) and the charset a Content-Type header names."""
    media_type, *parameters = (part.strip() for part in header.lower().split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(" '\""):
            return media_type, value.strip(" '\"")[:40]
    return media_type, None


async def _read_body(response: httpcore.Response, headers: Mapping[str, str], limits: FetchLimits) -> bytes:
    promised = headers.get("content-length", "")
    if promised.isdecimal() and len(promised) < 20 and int(promised) > limits.wire_bytes:
        raise too_large(limits.wire_bytes, "on the wire")
    return await read_decoded(
        response.aiter_stream(),
        coding=headers.get("content-encoding", ""),
        limit=limits.decoded_bytes,
    )
