"""One TCP (and TLS) connection to an address that was checked, never to a name."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from functools import cache

import certifi

from contracts.errors import AttemptFailed
from egress.address import Address
from egress.target import Target

CONNECT_S = 10.0
"""For one address; the caller's deadline holds for all of them together."""
MAX_TRIED = 4


@cache
def trusted() -> ssl.SSLContext:
    """Return the TLS settings every connection uses: the machine's authorities and certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(
    target: Target, addresses: Sequence[Address], *, tls: ssl.SSLContext | None
) -> tuple[StreamReader, StreamWriter]:
    """Return a connection to the first of `addresses` that answers.

    Args:
        target: Its host is the name the certificate must carry.
        addresses: Checked; tried in order.
        tls: None for a bare TCP connection.

    Raises:
        AttemptFailed: `egress.connect`.
    """
    failure: OSError | None = None
    for address in addresses[:MAX_TRIED]:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(
                    str(address),
                    target.port,
                    ssl=tls,
                    server_hostname=target.host.strip("[]") if tls else None,
                )
        except ssl.SSLError as exc:
            raise AttemptFailed(
                "egress.connect",
                f"no trusted TLS with {target.endpoint[:120]!r}: {exc}"[:500],
                data=_data(target),
            ) from exc
        except OSError as exc:
            failure = exc
    reason = "it did not answer in time" if isinstance(failure, TimeoutError) else str(failure)
    raise AttemptFailed(
        "egress.connect",
        f"no connection to {target.endpoint[:120]!r}: {reason}"[:500],
        retryable=True,
        data=_data(target),
    ) from failure


def hang_up(writer: StreamWriter) -> None:
    """Close a connection at once; no peer can hold it open."""
    writer.transport.abort()


def _data(target: Target) -> dict[str, str | int]:
    return {"host": target.host, "port": target.port}
