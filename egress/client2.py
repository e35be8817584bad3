"""The same way out for SDKs that are built on httpx2: its requests go through an httpx transport."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import httpx2
from typing_extensions import override


def open_client2(transport: httpx.AsyncBaseTransport) -> httpx2.AsyncClient:
    """Return an httpx2 client that knows no way out but `transport`, follows nothing and asks no environment."""
    return httpx2.AsyncClient(
        transport=_Bridge(transport), trust_env=False, follow_redirects=False, timeout=None
    )


class _Bridge(httpx2.AsyncBaseTransport):
    """Carries requests of httpx2 over, and answers back."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = httpx.Request(
            request.method, str(request.url), headers=request.headers.raw, content=await request.aread()
        )
        found = await self._transport.handle_async_request(asked)
        return httpx2.Response(
            found.status_code,
            headers=found.headers.raw,
            stream=_Body(found),
            extensions={"http_version": b"HTTP/1.1"},
        )


class _Body(httpx2.AsyncByteStream):
    """A body as it comes."""

    def __init__(self, found: httpx.Response) -> None:
        self._found = found

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._found.aiter_raw():
            yield piece

    @override
    async def aclose(self) -> None:
        await self._found.aclose()
