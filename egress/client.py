"""The one way an httpx client is made here, and what its answers are held to when others read them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.request import Request

import httpx
from typing_extensions import override

from contracts.errors import Refused
from contracts.policy import FetchLimits
from egress.ask import USER_AGENT
from egress.bounds import Counts
from egress.decode import ACCEPTED, iter_decoded
from egress.transport import PinnedTransport

OnResponse = Callable[[httpx.Response], Awaitable[None]]
_CODED: Final = frozenset({b"content-encoding", b"content-length"})


class _NoCookies(CookieJar):
    """Keeps nothing, and reads nothing either."""

    @override
    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        return


def open_client(
    transport: httpx.AsyncBaseTransport, *, redirects: int = 0, on_response: OnResponse | None = None
) -> httpx.AsyncClient:
    """Return a client that knows no way out but `transport`.

    Args:
        transport: Pinned; it enforces time and bytes.
        redirects: Followed at most, by a caller who tells httpx to follow any.
        on_response: Sees each answer before httpx makes anything of it.
    """
    hooks: dict[str, list[Callable[..., Any]]] = {"response": [on_response] if on_response else []}
    return httpx.AsyncClient(
        transport=transport,
        headers={"user-agent": USER_AGENT, "accept-encoding": ACCEPTED},
        cookies=_NoCookies(),
        trust_env=False,
        follow_redirects=False,
        max_redirects=redirects,
        timeout=None,  # noqa: S113  # the transport keeps one deadline for all of a request
        event_hooks=hooks,
    )


class BoundedTransport(httpx.AsyncBaseTransport):
    """A pinned transport for callers who read answers their own way.

    httpx undoes content codings without a bound; here they are undone before
    httpx sees them, under the cap of a fetch.
    """

    def __init__(self, pinned: PinnedTransport, limits: FetchLimits, counts: Counts) -> None:
        self._pinned = pinned
        self._limits = limits
        self._counts = counts

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            found = await self._pinned.handle_async_request(request)
        except Refused:
            self._counts.refused += 1
            raise
        coding = found.headers.get("content-encoding", "")
        headers = found.headers.raw
        if coding:
            headers = [(n, v) for n, v in headers if n.lower() not in _CODED]
        return httpx.Response(
            found.status_code,
            headers=headers,
            stream=_Decoded(found, coding=coding, limit=self._limits.decoded_bytes),
            extensions=found.extensions,
        )


class _Decoded(httpx.AsyncByteStream):
    """A body with its content coding undone."""

    def __init__(self, found: httpx.Response, *, coding: str, limit: int) -> None:
        self._found = found
        self._coding = coding
        self._limit = limit

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._found.aiter_raw()
        async for piece in iter_decoded(chunks, coding=self._coding, limit=self._limit):
            yield piece

    @override
    async def aclose(self) -> None:
        await self._found.aclose()
