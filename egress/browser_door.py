"""The way to the browser, without the browser: Playwright is imported when the first page is rendered.

Its import takes longer, and keeps more memory, than most runs need.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import Protocol, Self

from contracts.clock import Clock
from contracts.policy import FetchLimits, Policy


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a page became."""

    url: str
    """Where the main frame ended up."""
    status: int
    html: str
    refused: tuple[str, ...]
    """Hosts the page asked for and did not get."""
    wire_bytes: int


class Renderer(Protocol):
    """Renders pages."""

    async def render(self, url: str, *, policy: Policy, limits: FetchLimits | None = None) -> Rendered:
        """Return the page at `url` after its scripts ran; raises as `egress.browser.Browser`."""
        ...


class _Closing(Renderer, Protocol):
    async def aclose(self) -> None: ...


class BrowserDoor:
    """A browser that is made when it is first asked for a page.

    Args:
        clock: For durations.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._making = asyncio.Lock()  # guards _browser while it is made
        self._browser: _Closing | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._browser is not None:
            await self._browser.aclose()

    async def render(self, url: str, *, policy: Policy, limits: FetchLimits | None = None) -> Rendered:
        """Return the page at `url` after its scripts ran; raises as `egress.browser.Browser`."""
        async with self._making:
            if self._browser is None:
                module = await asyncio.to_thread(import_module, f"{__package__}.browser")
                browser: _Closing = module.Browser(self._clock)
                self._browser = browser
        return await self._browser.render(url, policy=policy, limits=limits)
