"""The way to the network, without the network's libraries: they are imported when the first URL is asked for.

Their import is a good part of a start, and what was left unfinished waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from contracts.clock import Clock
from contracts.policy import FetchLimits, Policy
from egress.turns import PER_HOST

if TYPE_CHECKING:
    import httpx
    import httpx2

Guard = Callable[[str, str], Mapping[str, str]]
"""Asked before every hop, with its method and its URL; gives more headers for it, or raises to refuse it.

Those headers are for one hop. They go to the origin of the first URL alone: on
a redirect to another they are not sent.
"""


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


class Fetcher(Protocol):
    """Fetches URLs."""

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
        """Return what `url` answers, redirects followed; raises as `egress.fetch.Egress`."""
        ...


class GuardedFetcher(Protocol):
    """Fetches URLs for somebody who may reach less than the run."""

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
        """Return what `url` answers, redirects followed; raises as `egress.fetch.Egress`, and what `guard` raises."""
        ...


class SdkDoor(Protocol):
    """Lets an SDK out over clients of its own kind.

    What goes wrong on the way is raised as this project's errors, by the codes of
    `egress.fetch.Egress.fetch`, if the SDK lets it through. No redirect is
    followed; of what the SDK says in headers only what the request is about
    goes on, and `headers` are added.
    """

    async def sdk_transport(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx.AsyncBaseTransport:
        """Return what an SDK's own httpx client goes through."""
        ...

    async def sdk_client(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx2.AsyncClient:
        """Return a client for an SDK that is built on httpx2; whoever asked closes it."""
        ...


class OpenEgress(GuardedFetcher, SdkDoor, Protocol):
    """All that `egress.fetch.Egress` offers."""


class FetchDoor:
    """A door to the network that is made when the first URL is asked for.

    Args:
        clock: For durations.
        per_host: Requests to one host at once.
    """

    def __init__(self, clock: Clock, *, per_host: int = PER_HOST) -> None:
        self._clock = clock
        self._per_host = per_host
        self._making = asyncio.Lock()  # guards _egress while it is made
        self._egress: OpenEgress | None = None

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
        """Return what `url` answers, redirects followed; raises as `egress.fetch.Egress`."""
        egress = self._egress or await self._made()
        return await egress.fetch(
            url, policy=policy, method=method, headers=headers, body=body, limits=limits, guard=guard
        )

    async def sdk_transport(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx.AsyncBaseTransport:
        """Return what an SDK's own httpx client goes through; see `SdkDoor`."""
        egress = self._egress or await self._made()
        return await egress.sdk_transport(policy, limits=limits, headers=headers)

    async def sdk_client(
        self, policy: Policy, *, limits: FetchLimits, headers: Mapping[str, str]
    ) -> httpx2.AsyncClient:
        """Return a client for an SDK that is built on httpx2; see `SdkDoor`."""
        egress = self._egress or await self._made()
        return await egress.sdk_client(policy, limits=limits, headers=headers)

    async def _made(self) -> OpenEgress:
        async with self._making:
            if self._egress is None:
                module = await asyncio.to_thread(import_module, f"{__package__}.fetch")
                made: OpenEgress = module.Egress(self._clock, per_host=self._per_host)
                self._egress = made
            return self._egress
