"""Render one URL in Chromium, sandboxed, all its traffic through the egress proxy.

Chromium starts with the first render and is shared by all; each render has a
context, credentials and a reach of its own. What Chromium asks of the network
for itself meets a proxy that lets nothing through.

Who cancels a render waits neither for Chromium to start nor for the page to
close: both go on behind it, and the page keeps its turn until it is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from contracts.clock import Clock, SystemClock
from contracts.errors import AttemptFailed, Refused
from contracts.policy import FetchLimits, Policy
from egress.bounds import Counts, timed_out
from egress.browser_door import Rendered
from egress.launch import Launch, launch_error, prepare_launch
from egress.meter import charge
from egress.proxy import Proxy
from egress.proxy_session import Session
from egress.reach import Reach
from egress.resolve import Resolver, SystemResolver
from egress.target import parse_target
from egress.visit import Visit

CLOSE_S: Final = 10.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Running:
    """One started Chromium and what it hangs on."""

    playwright: Playwright
    chromium: Chromium
    launch: Launch
    proxy: Proxy
    deny_all: Proxy


@dataclass(slots=True)
class _Turn:
    """One render's place among those that may be open at once: taken until its page is closed."""

    closing: asyncio.Task[None] | None = None


class Browser:
    """The door to the network for pages that need a browser."""

    def __init__(
        self, clock: Clock | None = None, *, resolver: Resolver | None = None, at_once: int = 2
    ) -> None:
        self._clock = clock or SystemClock()
        self._resolver = resolver or SystemResolver()
        self._turn = asyncio.Semaphore(at_once)
        self._starting = asyncio.Lock()  # guards _running; held while Chromium starts and ends
        self._running: _Running | None = None
        self._behind: set[asyncio.Task[Any]] = set()  # what goes on when nobody waits for it any more
        self.counts = Counts()
        self.own_calls_refused = 0
        """What Chromium asked of the network for itself, all of it refused."""

    @property
    def folder(self) -> Path | None:
        """Return where the running Chromium keeps its files, or None when none runs."""
        return self._running.launch.folder if self._running is not None else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def render(self, url: str, *, policy: Policy, limits: FetchLimits | None = None) -> Rendered:
        """Return the page at `url` after its scripts ran.

        Raises:
            Refused: As a fetch; also when the page's own scripts lead the main frame out of reach.
            AttemptTimedOut: `egress.timeout`.
            AttemptFailed: As a fetch; `egress.browser_crashed`.
            Unavailable: `egress.no_browser`, `egress.no_sandbox`.
        """
        limits = limits or policy.limits
        target = parse_target(url)
        reach = Reach.of(policy, target)
        reach.check_name(target)
        charge("requests", 1)
        async with self._taken_turn() as turn:
            running = await self._started()
            begun = self._clock.monotonic()
            deadline = asyncio.timeout(limits.timeout_s)
            try:
                async with deadline, running.proxy.session(reach, limits) as session:
                    until = deadline.when() or 0.0
                    found = await self._visit(running, session, target.url, until=until, turn=turn)
            except TimeoutError as exc:
                if not deadline.expired():
                    raise
                elapsed_s = self._clock.monotonic() - begun
                raise timed_out(url, within_s=limits.timeout_s, elapsed_s=elapsed_s) from exc
        charge("bytes", found.wire_bytes)
        return found

    async def aclose(self) -> None:
        """End Chromium and everything it left."""
        async with self._starting:
            await self._stop()
        if self._behind:
            await asyncio.wait(self._behind, timeout=CLOSE_S)
            async with self._starting:
                await self._stop()  # one that was started meanwhile, for nobody

    @asynccontextmanager
    async def _taken_turn(self) -> AsyncIterator[_Turn]:
        await self._turn.acquire()
        turn = _Turn()
        try:
            yield turn
        finally:
            if turn.closing is None or turn.closing.done():
                self._turn.release()
            else:
                turn.closing.add_done_callback(lambda _: self._turn.release())

    def _go_on(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something to its end, whoever stops waiting for it."""
        task = asyncio.create_task(work)
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        return task

    async def _visit(
        self, running: _Running, session: Session, url: str, *, until: float, turn: _Turn
    ) -> Rendered:
        limits = session.limits
        try:
            async with self._context(running, session, turn) as context:
                page = await context.new_page()
                visit = Visit(context, page, session)
                document = await visit.document(
                    url, limit=limits.decoded_bytes, until=until, redirects=limits.redirects
                )
        except PlaywrightError as exc:
            raise AttemptFailed(
                "egress.browser_crashed", f"the browser broke off: {exc.message[:200]}", retryable=True
            ) from exc
        except Refused:
            self.counts.refused += 1
            raise
        finally:
            self.counts.requests += session.requests
            self.counts.wire_bytes += session.received.used
            self.counts.refused += session.refused.total()
        return Rendered(
            document.url, document.status, document.html, tuple(session.refused), session.received.used
        )

    @asynccontextmanager
    async def _context(
        self, running: _Running, session: Session, turn: _Turn
    ) -> AsyncIterator[BrowserContext]:
        opening, is_cancelled = self._go_on(_open(running, session)), False
        try:
            yield await asyncio.shield(opening)
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        finally:
            turn.closing = self._go_on(_close(running, opening))
            if not is_cancelled:
                await asyncio.shield(turn.closing)

    async def _started(self) -> _Running:
        running = self._running
        if running is not None and running.chromium.is_connected() and not self._starting.locked():
            return running
        return await asyncio.shield(self._go_on(self._start_one()))

    async def _start_one(self) -> _Running:
        async with self._starting:
            if self._running is not None and self._running.chromium.is_connected():
                return self._running
            await self._stop()
            self._running = await self._start()
            return self._running

    async def _start(self) -> _Running:
        launch = prepare_launch()
        proxy, deny_all = Proxy(self._resolver), Proxy(self._resolver)
        playwright = None
        try:
            await proxy.__aenter__()
            await deny_all.__aenter__()
            playwright = await async_playwright().start()
            chromium = await playwright.chromium.launch(**launch.options(deny_all.url))
        except BaseException as exc:
            await _release(playwright, launch, proxy, deny_all)
            if isinstance(exc, PlaywrightError):
                raise launch_error(exc.message) from exc
            raise
        return _Running(playwright, chromium, launch, proxy, deny_all)

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        self.own_calls_refused += running.deny_all.turned_away.total()
        try:
            async with asyncio.timeout(CLOSE_S):
                await running.chromium.close()
        except (TimeoutError, PlaywrightError):
            pass  # stopping Playwright kills what does not close
        finally:
            await _release(running.playwright, running.launch, running.proxy, running.deny_all)


async def _release(playwright: Playwright | None, launch: Launch, *proxies: Proxy) -> None:
    if playwright is not None:
        await playwright.stop()
    for proxy in proxies:
        await proxy.aclose()
    launch.remove()


async def _open(running: _Running, session: Session) -> BrowserContext:
    return await running.chromium.new_context(
        proxy={"server": running.proxy.url, "username": session.user, "password": session.password},
        accept_downloads=False,
        service_workers="block",
        permissions=[],
        user_agent=None,
    )


async def _close(running: _Running, opening: asyncio.Task[BrowserContext]) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            context = await opening
            await context.close()
    except PlaywrightError:
        return  # it went with its browser, or never came
    except TimeoutError:
        with suppress(PlaywrightError):
            await running.chromium.close()
