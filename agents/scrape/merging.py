"""Several pages to one output: lists joined in page order, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from agents.scrape.crawl import Crawl, ReadPage
from agents.scrape.output import PageRow, ScrapeOutput

MAX_TEXT: Final = 20_000
MAX_ROWS: Final = 2_000
MAX_TABLES: Final = 200
MAX_DATES: Final = 300
MAX_WARNINGS: Final = 100

T = TypeVar("T")


def merged_output(crawls: list[Crawl], more_warnings: Iterable[str] = ()) -> ScrapeOutput:
    """Return what was read from every address; at least one page was."""
    reads = [read for crawl in crawls for read in crawl.pages]
    pages = [read.page for read in reads]
    first = reads[0]
    facts: dict[str, str] = {}
    for page in pages:
        facts = {**page.facts, **facts}
    warnings = [w for crawl in crawls for w in crawl.warnings]
    warnings += [f"{r.source.url[:300]}: {w}" for r in reads for w in r.page.warnings]
    return ScrapeOutput(
        url=first.source.url,
        title=first.page.title,
        description=first.page.description,
        text="\n".join(line for page in pages for line in page.lines)[:MAX_TEXT],
        pages=[_row(read) for read in reads],
        listings=_once(
            (x for p in pages for x in p.listings), lambda x: x.url or (x.title, x.price, x.text), MAX_ROWS
        ),
        links=_once((x for p in pages for x in p.links), lambda x: x.url, MAX_ROWS),
        images=_once((x for p in pages for x in p.images), lambda x: x.url, MAX_ROWS),
        prices=_once((x for p in pages for x in p.prices), lambda x: (x.amount, x.currency), MAX_ROWS),
        dates=_once((x for p in pages for x in p.dates), lambda x: x, MAX_DATES),
        tables=[x for p in pages for x in p.tables][:MAX_TABLES],
        jsonld=[x for p in pages for x in p.jsonld][:MAX_TABLES],
        facts=facts,
        ends_text=first.page.ends_text,
        needs_browser=[r.source.url for r in reads if r.unrendered],
        warnings=_once([*more_warnings, *warnings], lambda x: x, MAX_WARNINGS),
    )


def _row(read: ReadPage) -> PageRow:
    source = read.source
    return PageRow(
        url=source.url,
        status=source.status,
        title=read.page.title,
        rendered=source.is_rendered,
        bytes=source.size,
    )


def _once(values: Iterable[T], key: Callable[[T], Hashable], most: int) -> list[T]:
    found: dict[Hashable, T] = {}
    for value in values:
        if len(found) >= most:
            break
        found.setdefault(key(value), value)
    return list(found.values())
