"""Things for sale in a page's machine-readable part: name, price, picture, end."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agents.scrape.links import Address
from agents.scrape.outline import Outline, squeeze
from agents.scrape.prices import Price, currency_of, machine_amount
from agents.scrape.structured import Node, nodes_of, types_of

MAX_PRODUCTS: Final = 500
_FOR_SALE: Final = frozenset({
    "product", "productmodel", "individualproduct", "productgroup", "vehicle", "car", "motorcycle",
    "book", "saleevent", "event", "offer", "realestatelisting",
})  # fmt: skip
_ENDS: Final = ("availabilityEnds", "endDate", "validThrough")


@dataclass(frozen=True, slots=True)
class Product:
    """One thing for sale."""

    name: str
    url: str | None
    price: Price | None
    image: str | None
    description: str
    ends: str | None


def products_of(nodes: list[Any], address: Address) -> list[Product]:
    """Return what stands for sale by itself on the page, in order; items of lists are not among them."""
    found: list[Product] = []
    for node in nodes_of(nodes):
        if types_of(node) & _FOR_SALE and len(found) < MAX_PRODUCTS:
            found.append(_product(node, address))
    return [p for p in found if p.name or p.price]


def listed_products(nodes: list[Any], address: Address) -> list[Product]:
    """Return the members of the page's lists (`ItemList`), in order, each with a name and a URL."""
    found: list[Product] = []
    for node in nodes_of(nodes):
        if types_of(node) & {"itemlist", "offercatalog", "aggregateoffer"}:
            members = node.get("itemListElement") or node.get("offers")
            rows = (members if isinstance(members, list) else [members])[:MAX_PRODUCTS]
            found += [_product(_member(row), address) for row in rows if isinstance(row, dict)]
    return [p for p in found if p.name and p.url][:MAX_PRODUCTS]


def meta_price(outline: Outline) -> Price | None:
    """Return the price a page's metadata states (`product:price:amount` and its kin)."""
    metas = {
        (m.get("property") or m.get("name") or m.get("itemprop")).lower(): m.get("content")
        for m in outline.by_tag["meta"]
    }
    for prefix in ("product:sale_price", "product:price", "og:price"):
        amount = machine_amount(metas.get(f"{prefix}:amount") or None)
        if amount:
            currency = currency_of(metas.get(f"{prefix}:currency", ""))
            return Price(amount, currency, f"{metas[f'{prefix}:amount']} {currency or ''}".strip()[:60])
    return None


def _member(member: Node) -> Node:
    item = member.get("item")
    if isinstance(item, dict):
        return {**{k: v for k, v in member.items() if k in {"url", "name"}}, **item}
    if isinstance(item, str):
        return {**member, "url": item}
    return member


def _product(node: Node, address: Address) -> Product:
    url = _first_text(node.get("url")) or _first_text(node.get("@id"))
    return Product(
        name=squeeze(html.unescape(_first_text(node.get("name"))))[:300],
        url=address.resolve(url) if url else None,
        price=_price(node),
        image=_image(node.get("image"), address),
        description=squeeze(html.unescape(_first_text(node.get("description"))))[:5000],
        ends=_ends(node),
    )


def _offers(node: Node) -> Iterator[Node]:
    if "price" in node or "lowPrice" in node:
        yield node
    given = node.get("offers")
    for offer in (given if isinstance(given, list) else [given])[:50]:
        if isinstance(offer, dict):
            yield offer
            for name in ("priceSpecification", "offers"):
                inner = offer.get(name)
                for spec in (inner if isinstance(inner, list) else [inner])[:20]:
                    if isinstance(spec, dict):
                        yield spec


def _price(node: Node) -> Price | None:
    for offer in _offers(node):
        for name in ("price", "lowPrice"):
            value = _first_text(offer.get(name))
            amount = machine_amount(value or None)
            if amount:
                currency = currency_of(
                    _first_text(offer.get("priceCurrency")) or _first_text(node.get("priceCurrency"))
                )
                return Price(amount, currency, f"{value} {currency or ''}".strip()[:60])
    return None


def _ends(node: Node) -> str | None:
    for source in (node, *_offers(node)):
        for name in _ENDS:
            if value := _first_text(source.get(name)):
                return f"Ends: {value[:80]}"
    return None


def _image(value: Any, address: Address) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl")
    return address.resolve(value) if isinstance(value, str) else None


def _first_text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
