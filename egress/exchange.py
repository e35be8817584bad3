"""One HTTP/1.1 exchange with one checked target: no pool, no cookies, no environment proxies."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpcore

from contracts.errors import AttemptFailed, InvalidInput
from egress.dial import dial, trusted
from egress.reach import Reach
from egress.resolve import Resolver, checked_addresses
from egress.target import Target
from egress.wire import Meter, Wire

MAX_HEADERS: Final = 200
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Door:
    """What every connection needs: who resolves names, whose certificates are believed."""

    resolver: Resolver
    tls: ssl.SSLContext | None = None
    """None for the machine's authorities and certifi's."""


@asynccontextmanager
async def exchange(
    door: Door,
    target: Target,
    *,
    reach: Reach,
    meter: Meter,
    method: str,
    headers: Headers,
    body: bytes | None,
) -> AsyncIterator[httpcore.Response]:
    """Give the answer's head, its body still to be read; the connection ends with the block.

    Raises:
        Refused: The target is out of reach.
        AttemptFailed: `egress.dns`, `egress.connect`, `egress.protocol`, `egress.too_large`.
        InvalidInput: `egress.bad_header`.
    """
    addresses = await checked_addresses(target, reach, door.resolver)
    tls = (door.tls or trusted()) if target.scheme == "https" else None
    reader, writer = await dial(target, addresses, tls=tls)
    wire = Wire(reader, writer, meter)
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    connection = httpcore.AsyncHTTP11Connection(origin=origin, stream=wire, keepalive_expiry=0)
    try:
        response = await connection.handle_async_request(_request(target, method, headers, body))
        if len(response.headers) > MAX_HEADERS:
            raise AttemptFailed(
                "egress.protocol", f"{len(response.headers)} headers, at most {MAX_HEADERS} are read"
            )
        yield response
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
    finally:
        await wire.aclose()


def _request(target: Target, method: str, headers: Headers, body: bytes | None) -> httpcore.Request:
    own = [(b"Host", target.authority.encode()), (b"Connection", b"close")]
    if body is not None:
        own.append((b"Content-Length", str(len(body)).encode()))
    url = httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.strip("[]").encode(),
        port=target.port,
        target=target.path.encode(),
    )
    return httpcore.Request(method, url, headers=[*own, *headers], content=body)
