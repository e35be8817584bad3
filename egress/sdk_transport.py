"""The way out for other people's clients of HTTP: what they add to a request by themselves stays here.

A provider's SDK reads keys, headers and a proxy from the environment, and tells
its server what machine it runs on. Here only what the request is about goes on,
with the headers that were given to the door.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import httpx
from typing_extensions import override

from egress.ask import USER_AGENT
from egress.client import BoundedTransport
from egress.decode import ACCEPTED
from egress.events import Events
from egress.meter import charge

PASSED: Final = frozenset({"accept", "content-type", "anthropic-version", "anthropic-beta"})
"""Headers of an SDK that reach its server."""
A_TURN: Final = 8192
"""Bytes that an SDK gets at once: a flood of empty lines costs it much, and everybody else waits meanwhile."""


class SdkTransport(httpx.AsyncBaseTransport):
    """A bounded transport whose requests carry known headers only.

    What it takes is charged to the attempt that asks, as what is fetched is.

    Args:
        bounded: The way out.
        headers: Sent with every request, over what the SDK says: its key.
    """

    def __init__(self, bounded: BoundedTransport, headers: Mapping[str, str]) -> None:
        self._bounded = bounded
        self._headers = {"user-agent": USER_AGENT, "accept-encoding": ACCEPTED} | dict(headers)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        charge("requests", 1)
        kept = {name: value for name, value in request.headers.items() if name.lower() in PASSED}
        asked = httpx.Request(
            request.method, request.url, headers=kept | self._headers, content=await request.aread()
        )
        found = await self._bounded.handle_async_request(asked)
        return httpx.Response(
            found.status_code,
            headers=found.headers.raw,
            stream=_Charged(found),
            extensions=found.extensions,
        )


class _Charged(httpx.AsyncByteStream):
    """A body whose bytes are charged as they come; none of its events is more than an SDK can read at once."""

    def __init__(self, found: httpx.Response) -> None:
        self._found = found

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        events = Events(self._found.headers.get("content-type", ""))
        async for piece in self._found.aiter_raw():
            charge("bytes", len(piece))
            events.feed(piece)
            for at in range(0, len(piece), A_TURN):
                yield piece[at : at + A_TURN]
                await asyncio.sleep(0)

    @override
    async def aclose(self) -> None:
        await self._found.aclose()
