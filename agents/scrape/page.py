"""One page's source to everything the agent can say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from agents.scrape.blocks import Signature, find_blocks
from agents.scrape.dates import dates_of
from agents.scrape.endings import ends_line, ends_text_of
from agents.scrape.facts import MAX_FACTS, facts_of, line_facts
from agents.scrape.links import address_of, country_of, images_of, links_of
from agents.scrape.listings import listings_of
from agents.scrape.money import main_price
from agents.scrape.outline import Element, Outline, lines_of, outline_of, squeeze
from agents.scrape.output import Image, Link, Listing, PriceRow, TableRow
from agents.scrape.paging import next_page
from agents.scrape.prices import HOMES, Price, find_prices
from agents.scrape.products import Product, listed_products, meta_price, products_of
from agents.scrape.rendering import browser_reason
from agents.scrape.structured import microdata_of, read_data_scripts
from agents.scrape.tables import tables_of
from agents.scrape.tidying import tidy

MAX_LINKS: Final = 1_000
MAX_IMAGES: Final = 300
MAX_PRICES: Final = 200
MAX_TEXT_LINES: Final = 5_000
MAX_JSONLD: Final = 50
MAX_DESCRIPTION: Final = 5_000

_DESCRIPTION: Final = re.compile(
    r"(?:^|[\s_-])(?:description|beschreibung|descripcion|descrizione)(?:$|[\s_-])"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What one page says."""

    title: str
    description: str
    lines: list[str]
    listings: list[Listing]
    links: list[Link]
    images: list[Image]
    prices: list[PriceRow]
    dates: list[str]
    tables: list[TableRow]
    jsonld: list[Any]
    facts: dict[str, str]
    ends_text: str | None
    next_url: str | None
    needs_browser: str | None
    """Why the source alone will not do; None where it will."""
    signature: Signature | None
    """Of its list, to know the list on later pages."""
    warnings: list[str]


def read_page(source: str, url: str, *, known: frozenset[Signature] = frozenset()) -> Page:
    """Return what a page's HTML says; any text at all is read.

    Args:
        source: The HTML.
        url: Where it came from, after redirects.
        known: Signatures of the lists on earlier pages.
    """
    tidied = tidy(source)
    outline = outline_of(tidied)
    jsonld, unread = read_data_scripts(tidied.data_scripts)
    warnings = [f"{unread} JSON-LD script(s) could not be read"] if unread else []
    if tidied.is_cut:
        warnings.append("the page is nested too deep or too large; part of it was left out")
    address, home = address_of(outline, url), home_of(outline, url)
    nodes = [*jsonld, *microdata_of(outline)]
    products = products_of(nodes, address)
    blocks = find_blocks(outline, known=known, home=home)
    listed = listed_products(nodes, address) or [p for p in products if p.url != address.url]
    listings = listings_of(outline, blocks, listed, address, home=home)
    holes = blocks.members if blocks else []
    elements, lines = outline.outside(holes), outline.lines_without([*_surroundings(outline, holes)])
    facts = facts_of(outline, elements, lines)
    own = _own_prices(outline, elements, lines, products, home)
    shown = [e for e in outline.elements if not e.is_around]
    return Page(
        title=_title(outline, products),
        description=_description(outline, elements, products),
        lines=outline.lines_without([]),
        listings=listings,
        links=[Link(url=u, text=t) for u, t in links_of(outline, address, most=MAX_LINKS)],
        images=[Image(url=u, alt=a) for u, a in images_of(shown, address, most=MAX_IMAGES)],
        prices=_price_rows(own, listings),
        dates=dates_of(outline, outline.lines_without([])),
        tables=[TableRow(headers=t.headers, rows=t.rows) for t in tables_of(outline)],
        jsonld=jsonld[:MAX_JSONLD],
        facts=facts,
        ends_text=ends_text_of(outline, elements, lines, facts)
        or next((p.ends for p in products if p.ends), None),
        next_url=next_page(outline, address),
        needs_browser=browser_reason(tidied, outline, has_listings=bool(listings)),
        signature=blocks.signature if blocks else None,
        warnings=warnings,
    )


def read_text(text: str) -> Page:
    """Return what plain text or JSON says: its lines, and the prices, dates and end in them."""
    lines = lines_of(text)[:MAX_TEXT_LINES]
    prices = [p for line in lines for p in find_prices(line)][:MAX_PRICES]
    rows = _price_rows(prices, [])
    facts: dict[str, str] = {}
    for label, value in line_facts(lines):
        if len(facts) < MAX_FACTS:
            facts.setdefault(label, value)
    return Page(
        title="",
        description="",
        lines=lines,
        listings=[],
        links=[],
        images=[],
        prices=rows,
        dates=dates_of(Outline(), lines),
        tables=[],
        jsonld=[],
        facts=facts,
        ends_text=ends_line(lines),
        next_url=None,
        needs_browser=None,
        signature=None,
        warnings=[],
    )


def home_of(outline: Outline, url: str) -> str:
    """Return the country or language code that settles whose dollars and crowns a page means; else empty."""
    language = next((e.get("lang") for e in outline.by_tag["html"]), "").lower().replace("_", "-")
    main, _, region = language.partition("-")
    return next((code for code in (country_of(url), region, main) if code in HOMES), "")


def _surroundings(outline: Outline, holes: list[Element]) -> list[Element]:
    """Return the items of the list and what surrounds the page's content, in order, none inside another."""
    around = [e for e in outline.elements if e.is_around and not (e.parent and e.parent.is_around)]
    found: list[Element] = []
    for element in sorted([*holes, *around], key=lambda e: e.start):
        if not found or element.start >= found[-1].end:
            found.append(element)
    return found


def _meta(outline: Outline, *names: str) -> str:
    for name in names:
        for meta in outline.by_tag["meta"]:
            said = (meta.get("property") or meta.get("name")).lower()
            if said == name and (content := squeeze(meta.get("content"))):
                return content
    return ""


def _title(outline: Outline, products: list[Product]) -> str:
    titles = (squeeze(e.get("text")) for e in outline.by_tag["title"])
    found = next((t for t in titles if t), "") or _meta(outline, "og:title", "twitter:title")
    found = found or next((t for h in outline.by_tag["h1"] if (t := outline.text(h))), "")
    return (found or next((p.name for p in products if p.name), ""))[:500]


def _description(outline: Outline, elements: list[Element], products: list[Product]) -> str:
    """Return the element named description, else the page's metadata, else its longest paragraph."""
    own = [e for e in elements if e.is_seen and not e.is_around]
    named = (outline.text(e) for e in own if e.tag not in {"meta", "a"} and _DESCRIPTION.search(e.label))
    found = next((t for t in named if len(t) >= 40), "")
    found = found or _meta(outline, "description", "og:description")
    found = found or next((p.description for p in products if p.description), "")
    return (found or max((outline.text(e) for e in own if e.tag == "p"), key=len, default=""))[
        :MAX_DESCRIPTION
    ]


def _own_prices(
    outline: Outline, elements: list[Element], lines: list[str], products: list[Product], home: str
) -> list[Price]:
    """Return the page's own prices, the one that is asked first."""
    seen = main_price(outline, elements, lines, home=home)
    first = [next((p.price for p in products if p.price), None), meta_price(outline), seen]
    found = [p for p in first if p is not None]
    for line in lines:
        if len(found) >= MAX_PRICES:
            break
        found += find_prices(line, home=home)
    return found


def _price_rows(own: list[Price], listings: list[Listing]) -> list[PriceRow]:
    rows: dict[tuple[int | float, str | None], PriceRow] = {}
    for p in own:
        rows.setdefault((p.amount, p.currency), PriceRow(amount=p.amount, currency=p.currency, text=p.text))
    for x in listings:
        if x.price is not None:
            row = PriceRow(amount=x.price, currency=x.currency, text=x.price_text or "")
            rows.setdefault((x.price, x.currency), row)
    return list(rows.values())[:MAX_PRICES]
