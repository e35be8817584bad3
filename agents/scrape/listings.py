"""One listing for each thing a page lists: from its machine-readable list and from its repeated blocks."""

from __future__ import annotations

import re
from typing import Final

from agents.scrape.blocks import Blocks
from agents.scrape.endings import ends_text_of
from agents.scrape.facts import facts_of
from agents.scrape.links import Address, image_url, link_text
from agents.scrape.money import main_price
from agents.scrape.outline import Element, Outline, heading_of
from agents.scrape.output import Listing
from agents.scrape.products import Product

MAX_TEXT: Final = 2000
MAX_TITLE: Final = 300

_TITLE: Final = re.compile(r"(?:^|[\s_-])(?:title|name|heading|headline|titel|titre)(?:$|[\s_-])")


def listings_of(
    outline: Outline, blocks: Blocks | None, products: list[Product], address: Address, *, home: str
) -> list[Listing]:
    """Return the page's listings in order, each once.

    Where a block and a member of the machine-readable list share their URL,
    the member settles name, price and picture; the block adds the rest.
    """
    shown = [listing_of(outline, member, address, home=home) for member in blocks.members] if blocks else []
    stated: dict[str | None, Product] = {p.url: p for p in products if p.url}
    found: dict[tuple[str | None, str], Listing] = {}
    for listing in shown:
        if listing.title or listing.url:
            merged = _merged(listing, stated.pop(listing.url, None))
            found.setdefault((merged.url, "" if merged.url else merged.title), merged)
    if len(products) > 1:
        for product in stated.values():
            found.setdefault((product.url, ""), _merged(Listing(url=product.url), product))
    return list(found.values())


def listing_of(outline: Outline, member: Element, address: Address, *, home: str) -> Listing:
    """Return what one block says."""
    lines = outline.lines(member)
    elements = [member, *outline.inside(member)]
    link = _main_link(outline, member, address)
    title = _title(outline, member, link)
    facts = facts_of(outline, elements, lines)
    price = main_price(outline, elements, lines, home=home)
    image = next((u for i in outline.inside(member, "img") if (u := image_url(i, address))), None)
    return Listing(
        url=address.resolve(link.get("href")) if link else None,
        title=title,
        price=price.amount if price else None,
        currency=price.currency if price else None,
        price_text=price.text if price else None,
        image=image,
        text="\n".join(lines)[:MAX_TEXT],
        ends_text=ends_text_of(outline, elements, lines, facts),
        facts=facts,
    )


def _merged(listing: Listing, product: Product | None) -> Listing:
    if product is None:
        return listing
    price = product.price
    stated = {
        "title": product.name,
        "image": product.image,
        "price": price.amount if price else None,
        "currency": price.currency if price else None,
        "price_text": price.text if price else None,
    }
    more = {
        "ends_text": listing.ends_text or product.ends,
        "text": listing.text or product.description[:MAX_TEXT],
    }
    return listing.model_copy(update={**{k: v for k, v in stated.items() if v}, **more})


def _main_link(outline: Outline, member: Element, address: Address) -> Element | None:
    """Return the link to the thing: its heading's, else the one that says most, else the first."""
    links = [
        a
        for a in ([member] if member.tag == "a" else []) + list(outline.inside(member, "a"))
        if address.resolve(a.get("href"))
    ]
    if not links:
        above = next((a for a in member.ancestors() if a.tag == "a"), None)
        return above if above is not None and address.resolve(above.get("href")) else None
    heading = heading_of(outline, member)
    if heading is not None:
        for link in links:
            if heading.holds(link) or link.holds(heading):
                return link
    titled = next(
        (a for a in links if _TITLE.search(a.label) or (a.parent and _TITLE.search(a.parent.label))), None
    )
    return titled or max(links, key=lambda a: (min(len(outline.text(a)), 80), -a.start))


def _title(outline: Outline, member: Element, link: Element | None) -> str:
    heading = heading_of(outline, member)
    if heading is not None:
        return outline.text(heading)[:MAX_TITLE]
    for inner in outline.inside(member):
        if inner.is_seen and _TITLE.search(inner.label) and 2 < len(text := outline.text(inner)) <= MAX_TITLE:
            return text
    if link is None:
        return ""
    if link is member or len(outline.text(link)) > MAX_TITLE:
        lines = [line for line in outline.lines(member) if any(c.isalpha() for c in line)]
        return (link.get("title") or link.get("aria-label") or (lines[0] if lines else ""))[:MAX_TITLE]
    return link_text(outline, link)
