"""An httpx transport that connects each request to an address it has checked, and to nothing else.

No pool, no environment proxies, no name resolved twice: the URL is parsed as
browsers parse it, its name asked once, every answer held against the policy,
and the connection made to the very address. It ends with its answer.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

# httpx lets no transport choose the address it connects to. httpcore, which
# httpx stands on, does: its HTTP/1.1 connection takes any AsyncNetworkStream.
import httpcore
import httpx
from typing_extensions import override

from contracts.clock import Clock, SystemClock
from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput
from contracts.policy import FetchLimits, Policy
from egress.ask import HOP_BY_HOP, SECRET
from egress.bounds import Counts, Deadline, Meter, too_large
from egress.dial import dial, trusted
from egress.reach import Reach
from egress.resolve import Resolver, checked_addresses
from egress.target import Target, parse_target
from egress.wire import Wire, joined_headers

MAX_HEADERS: Final = 200
_PASSAGE: Final = "callsheet.passage"


@dataclass(frozen=True, slots=True)
class Door:
    """What every connection needs: who resolves names, whose certificates are believed, what is counted."""

    resolver: Resolver
    tls: ssl.SSLContext | None = None
    """None for the machine's authorities and certifi's."""
    clock: Clock = field(default_factory=SystemClock)
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Passage:
    """What one ask may reach and use.

    A redirect goes on with the passage of the request it answers, and so does
    the same request object sent again.
    """

    origin: str
    """Of the first request: whom its secrets are meant for."""
    reach: Reach
    meter: Meter
    deadline: Deadline

    @classmethod
    def of(cls, target: Target, policy: Policy, limits: FetchLimits, *, clock: Clock) -> Self:
        """Return the passage of an ask that begins at `target`, now."""
        deadline = Deadline.of(target.url, within_s=limits.timeout_s, clock=clock)
        return cls(target.origin, Reach.of(policy, target), Meter(limits.wire_bytes), deadline)

    @property
    def extensions(self) -> dict[str, object]:
        """Return the extensions of an httpx request that goes this way."""
        return {_PASSAGE: self}


class PinnedTransport(httpx.AsyncBaseTransport):
    """One policy's way out, for an `httpx.AsyncClient`.

    What goes wrong is raised as this project's errors, not httpx's: `Refused`,
    `AttemptFailed` and `InvalidInput`, by the codes of `Egress.fetch`.
    """

    def __init__(self, door: Door, policy: Policy, limits: FetchLimits | None = None) -> None:
        self._door = door
        self._policy = policy
        self._limits = limits or policy.limits

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._door.counts.requests += 1
        target = parse_target(str(request.url))
        passage = self._passage(request, target)
        async with passage.deadline.kept():
            wire = await self._connect(target, passage)
            try:
                return await _answer(wire, request, target, passage)
            except BaseException:
                await wire.aclose()
                raise

    def _passage(self, request: httpx.Request, target: Target) -> Passage:
        found = request.extensions.get(_PASSAGE)
        if isinstance(found, Passage) and found.reach.policy is self._policy:
            return found
        passage = Passage.of(target, self._policy, self._limits, clock=self._door.clock)
        # httpx gives a redirect's request the extensions of the one it answers.
        request.extensions = {**request.extensions, **passage.extensions}
        return passage

    async def _connect(self, target: Target, passage: Passage) -> Wire:
        addresses = await checked_addresses(target, passage.reach, self._door.resolver)
        tls = (self._door.tls or trusted()) if target.scheme == "https" else None
        reader, writer = await dial(target, addresses, tls=tls)
        return Wire(reader, writer, meter=passage.meter, deadline=passage.deadline, counts=self._door.counts)


class _Body(httpx.AsyncByteStream):
    """An answer's body as it comes off the wire; the connection ends with it."""

    def __init__(
        self, found: httpcore.Response, wire: Wire, target: Target, *, method: str, limit: int
    ) -> None:
        self._found = found
        self._wire = wire
        self._target = target
        self._limit = limit
        self._comes = method != "HEAD" and found.status not in {204, 304}

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        promised = joined_headers(self._found.headers).get("content-length", "")
        if self._comes and promised.isdecimal() and len(promised) < 20 and int(promised) > self._limit:
            raise too_large(self._limit, "on the wire")
        with _own_errors(self._target, self._wire):
            async for chunk in self._found.aiter_stream():
                yield chunk

    @override
    async def aclose(self) -> None:
        await self._wire.aclose()


async def _answer(wire: Wire, request: httpx.Request, target: Target, passage: Passage) -> httpx.Response:
    spelt = _spelt(request, target, passage)
    connection = httpcore.AsyncHTTP11Connection(origin=spelt.url.origin, stream=wire, keepalive_expiry=0)
    with _own_errors(target, wire):
        found = await connection.handle_async_request(spelt)
    if len(found.headers) > MAX_HEADERS:
        raise AttemptFailed(
            "egress.protocol", f"{len(found.headers)} headers, at most {MAX_HEADERS} are read"
        )
    # What httpcore says of the connection itself is left out: it would hand out the bare socket.
    said: Mapping[str, object] = found.extensions
    return httpx.Response(
        found.status,
        headers=found.headers,
        stream=_Body(found, wire, target, method=request.method, limit=passage.meter.limit),
        extensions={k: v for k, v in said.items() if k in {"http_version", "reason_phrase"}},
    )


def _spelt(request: httpx.Request, target: Target, passage: Passage) -> httpcore.Request:
    """Return the request as it is sent: whatever the caller says, its Host is the one that was checked."""
    dropped = HOP_BY_HOP | (SECRET if target.origin != passage.origin else frozenset())
    headers = [(b"Host", target.authority.encode()), (b"Connection", b"close")]
    headers += [(n, v) for n, v in request.headers.raw if n.decode("latin-1").lower() not in dropped]
    url = httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.strip("[]").encode(),
        port=target.port,
        target=target.path.encode(),
    )
    return httpcore.Request(
        request.method.encode("ascii", "replace"),
        url,
        headers=headers,
        content=request.stream,
        extensions={"timeout": request.extensions.get("timeout", {})},
    )


@contextmanager
def _own_errors(target: Target, wire: Wire) -> Iterator[None]:
    try:
        yield
    except httpcore.LocalProtocolError as exc:
        raise InvalidInput("egress.bad_header", f"the request cannot be sent: {exc}"[:300]) from exc
    except httpcore.RemoteProtocolError as exc:
        raise AttemptFailed(
            "egress.protocol", f"{target.endpoint!r} does not speak HTTP: {exc}"[:300], retryable=wire.ended
        ) from exc
    except httpcore.NetworkError as exc:
        raise AttemptFailed(
            "egress.connect", f"{target.endpoint!r} broke the connection: {exc}"[:300], retryable=True
        ) from exc
    except httpcore.TimeoutException as exc:
        raise AttemptTimedOut(
            "egress.timeout", f"{target.endpoint!r} is too slow: {exc}"[:300], retryable=True
        ) from exc
