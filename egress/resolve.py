"""Names to addresses, asked once per connection and checked before anything is sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

from contracts.errors import AttemptFailed
from egress.address import Address, read_address
from egress.reach import Reach
from egress.target import Target

MAX_ADDRESSES = 64


class Resolver(Protocol):
    """Where addresses come from."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return every address of a name, as text, best first.

        Raises:
            OSError: The name has none, or nobody answered (`socket.gaierror`).
        """
        ...


class SystemResolver:
    """The machine's own resolver."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return what getaddrinfo says."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        return [str(sockaddr[0]) for *_, sockaddr in found]


async def checked_addresses(target: Target, reach: Reach, resolver: Resolver) -> tuple[Address, ...]:
    """Return the addresses a connection to `target` may use; every one of them is within reach.

    Raises:
        Refused: `egress.private_address`, `egress.host_not_allowed`, `egress.bad_port`.
        AttemptFailed: `egress.dns`.
    """
    reach.check_name(target)
    if target.address is not None:
        return (target.address,)
    if target.is_loopback_name:
        return reach.loopback_addresses(target)
    addresses = await _resolve(target, resolver)
    reach.check_addresses(target, addresses)
    return addresses


async def _resolve(target: Target, resolver: Resolver) -> tuple[Address, ...]:
    data = {"host": target.host}
    try:
        found = await resolver.resolve(target.host, target.port)
    except (OSError, UnicodeError) as exc:
        # Only "nobody answered" may be answered later; "no such name" will not.
        again = isinstance(exc, socket.gaierror) and exc.errno == socket.EAI_AGAIN
        raise AttemptFailed(
            "egress.dns", f"no address found for {target.host[:120]!r}: {exc}", retryable=again, data=data
        ) from exc
    addresses = [read_address(text) for text in dict.fromkeys(found)]
    if not addresses or None in addresses or len(addresses) > MAX_ADDRESSES:
        raise AttemptFailed("egress.dns", f"no usable address for {target.host[:120]!r}", data=data)
    return tuple(a for a in addresses if a is not None)
