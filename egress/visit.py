"""One page in one fresh browser context: go there, let it settle, take what it became."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import BrowserContext, Dialog, Frame, Page, Request, Response, Route
from playwright.async_api import Error as PlaywrightError

from contracts.errors import AttemptFailed, CallsheetError, Refused
from egress.bounds import too_large
from egress.proxy_session import Session
from egress.relay import MARK
from egress.target import parse_target, shown

LOAD_S: Final = 10.0
"""How long a page that stands may go on loading what it refers to."""
SETTLE_S: Final = 3.0
QUIET_S: Final = 0.4
_UNSEEN: Final = frozenset({"image", "media", "font"})

# Evaluated in a world of its own: the page's scripts cannot stand in for any of it.
_TAKE: Final = """(limit => {
  const root = document.documentElement, html = root ? root.outerHTML : '';
  if (html.length > limit) return null;
  return (document.doctype ? '<!DOCTYPE html>' : '') + html;
})(%d)"""


@dataclass(frozen=True, slots=True)
class Document:
    """What the main frame last showed."""

    url: str
    status: int
    html: str


class Visit:
    """Watches a page and reads it."""

    def __init__(self, context: BrowserContext, page: Page, session: Session) -> None:
        self._context = context
        self._page = page
        self._session = session
        self._in_flight: set[Request] = set()
        self._stirred = asyncio.Event()
        self._status = 0
        self._failure: CallsheetError | None = None
        self._broken = asyncio.Event()  # set with _failure
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._fail)
        page.on("response", self._answer)
        page.on("dialog", _dismiss)
        page.on("popup", _close)

    async def document(self, url: str, *, limit: int, until: float, redirects: int) -> Document:
        """Return the document at `url` once scripts have had their say.

        Args:
            url: http or https.
            limit: Of the HTML, in bytes.
            until: The deadline, in the event loop's time; whoever calls enforces it.
            redirects: Followed at most before the first document.

        Raises:
            Refused: The main frame went, or was sent, out of reach.
            AttemptFailed: It could not be loaded, or is too large.
        """
        await self._page.route("**/*", _only_seen)
        try:
            response = await self._page.goto(url, wait_until="commit", timeout=0)
            _count_redirects(response, redirects)
            await self._stand()
        except PlaywrightError as exc:
            raise self._failure or _navigation_error(url, exc.message) from exc
        self._check()
        await self._settle(until)
        self._check()
        return Document(self._page.url, self._status, await self._take(limit))

    async def _stand(self) -> None:
        """Return once the document is parsed, or is known never to come whole."""
        waits = [
            asyncio.ensure_future(self._page.wait_for_load_state("domcontentloaded", timeout=0)),
            asyncio.ensure_future(self._broken.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            ended = await asyncio.gather(*waits, return_exceptions=True)
        if isinstance(ended[0], PlaywrightError):
            raise ended[0]

    async def _settle(self, until: float) -> None:
        patience = min(LOAD_S, (until - asyncio.get_running_loop().time()) / 2)
        try:
            await self._page.wait_for_load_state("load", timeout=max(patience, 0.05) * 1000)
        except PlaywrightError:
            return  # what it refers to does not come; the document stands
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._quiet()
        except TimeoutError:
            return  # some pages never rest

    async def _quiet(self) -> None:
        while True:
            self._stirred.clear()
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._stirred.wait()
            except TimeoutError:
                if not self._in_flight:
                    return

    async def _take(self, limit: int) -> str:
        cdp = await self._context.new_cdp_session(self._page)
        tree = await cdp.send("Page.getFrameTree")
        world = await cdp.send("Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]})
        answer: dict[str, Any] = await cdp.send(
            "Runtime.evaluate",
            {
                "expression": _TAKE % limit,
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        html = answer.get("result", {}).get("value")
        raw = html.encode("utf-8", "replace") if isinstance(html, str) else None
        if raw is None or len(raw) > limit:
            raise too_large(limit, "when rendered")
        return raw.decode("utf-8")

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._session.is_spent:
            raise too_large(self._session.limits.wire_bytes, "on the wire")

    def _begin(self, request: Request) -> None:
        self._in_flight.add(request)
        self._stirred.set()

    def _end(self, request: Request) -> None:
        self._in_flight.discard(request)
        self._stirred.set()

    def _fail(self, request: Request) -> None:
        self._end(request)
        why = request.failure or ""
        # A navigation aborts the document it leaves; that is no failure of the page.
        if self._is_main(request) and "ERR_ABORTED" not in why:
            self._failure = self._known_failure(request.url) or _navigation_error(request.url, why)
            self._broken.set()

    def _answer(self, response: Response) -> None:
        if not self._is_main(response.request):
            return
        self._status = response.status
        own = response.headers.get(MARK.decode()) == self._session.mark
        self._failure = self._known_failure(response.url) if own else None

    def _known_failure(self, url: str) -> CallsheetError | None:
        try:
            return self._session.failures.get(parse_target(url).endpoint)
        except Refused as exc:
            return exc

    def _is_main(self, request: Request) -> bool:
        if not request.is_navigation_request():
            return False
        frame: Frame = request.frame
        return frame == self._page.main_frame


async def _only_seen(route: Route) -> None:
    try:
        if route.request.resource_type in _UNSEEN:
            await route.abort("blockedbyclient")
        else:
            await route.continue_()
    except PlaywrightError:
        return  # the page has gone on without it


async def _dismiss(dialog: Dialog) -> None:
    try:
        await dialog.dismiss()
    except PlaywrightError:
        return  # it went with its page


async def _close(page: Page) -> None:
    try:
        await page.close()
    except PlaywrightError:
        return  # it closed itself


def _count_redirects(response: Response | None, limit: int) -> None:
    count, request = 0, response.request.redirected_from if response else None
    while request is not None:
        count, request = count + 1, request.redirected_from
    if count > limit:
        raise AttemptFailed("egress.redirects", f"{count} redirects, at most {limit} are followed")


def _navigation_error(url: str, text: str) -> CallsheetError:
    said = f"{shown(url)!r} could not be shown: {text.partition(chr(10))[0][:200]}"
    if "ERR_TOO_MANY_REDIRECTS" in text:
        return AttemptFailed("egress.redirects", said, where=shown(url))
    if "ERR_CERT" in text or "ERR_SSL" in text:
        return AttemptFailed("egress.connect", said, where=shown(url))
    if any(sign in text for sign in ("ERR_TUNNEL", "ERR_CONNECTION", "ERR_PROXY", "ERR_TIMED_OUT")):
        return AttemptFailed("egress.connect", said, where=shown(url), retryable=True)
    if any(sign in text for sign in ("has been closed", "crashed", "Connection closed")):
        return AttemptFailed("egress.browser_crashed", said, where=shown(url), retryable=True)
    return AttemptFailed("egress.protocol", said, where=shown(url))
