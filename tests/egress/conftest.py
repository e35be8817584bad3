from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio

from egress.fetch import Egress
from tests.egress.site import Answers, Site

Serve = Callable[[Answers], Awaitable[Site]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start sites that end with the test."""
    sites: list[Site] = []

    async def start(answers: Answers) -> Site:
        site = Site(answers)
        await site.start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        await site.stop()


@pytest_asyncio.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress() as door:
        yield door
