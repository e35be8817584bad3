"""Read a page, render it where it must be, and follow what it calls next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from agents.scrape.blocks import Signature
from agents.scrape.links import host_of
from agents.scrape.page import Page, read_page, read_text
from agents.scrape.source import Source, SourceReader
from contracts.errors import CallsheetError

AT_ONCE: Final = 4
"""Addresses read at the same time; the pages of one follow each other."""

Render = Literal["never", "auto", "always"]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page with where it came from."""

    source: Source
    page: Page
    unrendered: str | None
    """Why it should have been rendered, where it was not."""


@dataclass(slots=True)
class Crawl:
    """Pages read from one address, in order."""

    pages: list[ReadPage] = field(default_factory=list)
    failed: list[CallsheetError] = field(default_factory=list)
    """What stopped it: the first page's error where there are no pages."""
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Crawler:
    """Reads from each address at most `max_pages` pages, and in all at most `pages_left`."""

    reader: SourceReader
    render: Render
    max_pages: int
    pages_left: int
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def crawl_all(self, addresses: list[str]) -> list[Crawl]:
        """Return one crawl for each address, in order; what fails in one stays in it."""
        return await asyncio.gather(*(self._in_turn(address) for address in addresses))

    async def _in_turn(self, address: str) -> Crawl:
        async with self.turns:
            return await self._crawl(address)

    async def _crawl(self, address: str) -> Crawl:
        crawl, known, seen = Crawl(), frozenset[Signature](), set[str]()
        url: str | None = address
        while url is not None and len(crawl.pages) < self.max_pages:
            if self.pages_left <= 0:
                crawl.warnings.append(f"the limit on pages was reached before {url[:300]}")
                break
            self.pages_left -= 1
            try:
                read = await self._read(url, known, crawl.warnings)
            except CallsheetError as exc:
                _fail(crawl, url, exc)
                break
            seen |= {url, read.source.url}
            if _repeats(read, crawl.pages):
                crawl.warnings.append(f"{url[:300]} lists nothing that earlier pages did not; stopped there")
                break
            crawl.pages.append(read)
            known |= {read.page.signature} if read.page.signature else frozenset()
            url = self._next(read, seen, crawl)
        return crawl

    def _next(self, read: ReadPage, seen: set[str], crawl: Crawl) -> str | None:
        url = read.page.next_url
        if url is None or url in seen or host_of(url) != host_of(read.source.url):
            return None
        if len(crawl.pages) >= self.max_pages > 1:
            crawl.warnings.append(f"stopped after max_pages {self.max_pages}; the next page is {url[:300]}")
        return url

    async def _read(self, url: str, known: frozenset[Signature], warnings: list[str]) -> ReadPage:
        if self.render == "always":
            return await self._extract(await self.reader.in_browser(url), known)
        first = await self._extract(await self.reader.over_http(url), known)
        reason = first.page.needs_browser
        if reason is None:
            return first
        if self.render == "never":
            warnings.append(f"{url[:300]} looks as if it needs JavaScript and was not rendered: {reason}")
            return replace(first, unrendered=reason)
        try:
            rendered = await self._extract(await self.reader.in_browser(url), known)
        except CallsheetError as exc:
            warnings.append(f"{url[:300]} was not rendered ({reason}): {exc.code}: {exc.message[:200]}")
            return replace(first, unrendered=reason)
        warnings.append(f"{url[:300]} was rendered: {reason}")
        return rendered

    async def _extract(self, source: Source, known: frozenset[Signature]) -> ReadPage:
        if source.is_html:
            page = await asyncio.to_thread(read_page, source.text, source.url, known=known)
        else:
            page = await asyncio.to_thread(read_text, source.text)
        return ReadPage(source, page, None)


def _fail(crawl: Crawl, url: str, exc: CallsheetError) -> None:
    crawl.failed.append(exc)
    if crawl.pages:
        crawl.warnings.append(
            f"page {len(crawl.pages) + 1}, {url[:300]}, failed: {exc.code}: {exc.message[:200]}"
        )


def _repeats(read: ReadPage, pages: list[ReadPage]) -> bool:
    """Say whether a later page lists only what earlier pages listed."""
    if not pages or not read.page.listings:
        return False
    earlier = {(x.url, x.title) for p in pages for x in p.page.listings}
    return all((x.url, x.title) in earlier for x in read.page.listings)
