"""One listing for each lot, whatever the page makes them of, and nothing for its navigation."""

from __future__ import annotations

import json

import pytest

from agents.scrape.page import Page, read_page

URL = "https://site.test/list/"
NAV = (
    "<header><nav><ul>"
    + "".join(f"<li><a href=/{x}><img src=/{x}.png> All about {x} and more</a>" for x in "abcdefgh")
    + "</ul></nav></header>"
)
FOOT = "<footer><ul>" + "<li><a href=/f>Free delivery over $50</a>" * 8 + "</ul></footer>"


def read(body: str, url: str = URL) -> Page:
    return read_page(f"<title>T</title>{NAV}<main>{body}</main>{FOOT}", url)


def article(n: int) -> str:
    return (
        f"<article><a href=/lot/{n}><img src=/p/{n}.jpg></a><h2><a href=/lot/{n}>Truck {n}</a></h2>"
        f"<p>Current bid: <b>${n},500</b></p><p>Was $99,000</p><p>Colour: red</p><p>Ends in {n} hours</p>"
        "<a href=/watch>Watch</a></article>"
    )


def item(n: int) -> str:
    return (
        f"<li class='lot lot-{n}'><img src=/p/{n}.jpg alt=x><div><h3><a href=/lot/{n}>Truck {n}</a></h3>"
        f"<span class=price>${n},500.00</span><dl><dt>Colour<dd>red<dt>Ends<dd>{n} March 17:00</dl></div>"
    )


def card(n: int) -> str:
    return (
        f"<a class=card href=/lot/{n}><div class=photo><img data-src=/p/{n}.jpg></div><div class=card-title>Truck {n}</div>"
        f"<div><del>$99,000</del> ${n},500</div><div>Colour: red</div><div>{n}d 4h left</div></a>"
    )


def row(n: int) -> str:
    return f"<tr><td><img src=/p/{n}.jpg><td><a href=/lot/{n}>Truck {n}</a><td>red<td>${n},500<td>{n} March 17:00 CET"


HEAD = "<tr><th>Photo<th>Lot<th>Colour<th>Price<th>Closing"
INDEXES = {
    "article": "".join(map(article, range(1, 6))),
    "li": "<ul>" + "".join(map(item, range(1, 6))) + "</ul>",
    "card": "<div class=grid>" + "".join(map(card, range(1, 6))) + "</div>",
    "rows of cards": "".join(f"<div class=row>{card(n)}{card(n + 1)}</div>" for n in (1, 3))
    + f"<div class=row>{card(5)}</div>",
    "tr": f"<table>{HEAD}" + "".join(map(row, range(1, 6))) + "</table>",
}


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_gives_one_listing_for_each_lot(kind: str) -> None:
    listings = read(INDEXES[kind]).listings
    assert [x.title for x in listings] == [f"Truck {n}" for n in range(1, 6)]
    assert [x.url for x in listings] == [f"https://site.test/lot/{n}" for n in range(1, 6)]
    assert [x.price for x in listings] == [n * 1000 + 500 for n in range(1, 6)]
    assert {x.currency for x in listings} == {"USD"}
    assert [x.image for x in listings] == [f"https://site.test/p/{n}.jpg" for n in range(1, 6)]
    assert {x.facts["Colour"] for x in listings} == {"red"}
    assert all(str(n) in (x.ends_text or "") for n, x in enumerate(listings, start=1))


def test_two_lots_with_prices_are_a_list() -> None:
    assert len(read(article(1) + article(2)).listings) == 2


def test_a_lone_lot_is_a_listing_only_where_its_list_is_known() -> None:
    first = read("<ul>" + item(1) + item(2) + "</ul>")
    assert first.signature is not None
    last = f"<title>T</title><main><ul>{item(3)}</ul></main>"
    assert read_page(last, URL).listings == []
    assert [x.title for x in read_page(last, URL, known=frozenset({first.signature})).listings] == ["Truck 3"]


def test_a_page_without_a_list_has_no_listings() -> None:
    assert (
        read("<h1>About us</h1><p>We sell trucks. <a href=/x>Call</a></p><ul><li>a<li>b</ul>").listings == []
    )


def test_a_machine_readable_list_settles_names_and_prices() -> None:
    members = [
        {"item": {"name": f"Ford {n}", "url": f"/lot/{n}", "offers": {"price": n, "priceCurrency": "EUR"}}}
        for n in (1, 2, 9)
    ]
    script = json.dumps({"@type": "ItemList", "itemListElement": members})
    listings = read(
        f"<script type='application/ld+json'>{script}</script>" + article(1) + article(2)
    ).listings
    assert [(x.title, x.price, x.currency) for x in listings] == [
        ("Ford 1", 1, "EUR"),
        ("Ford 2", 2, "EUR"),
        ("Ford 9", 9, "EUR"),
    ]
    assert listings[0].ends_text == "Ends in 1 hours"
    assert listings[2].url == "https://site.test/lot/9"


def test_the_page_does_not_take_its_lots_facts_for_its_own() -> None:
    page = read(INDEXES["article"])
    assert page.facts == {}
    assert page.ends_text is None


def test_fees_and_old_prices_are_not_the_price() -> None:
    body = "".join(
        f"<article><h2><a href=/{n}>Truck {n}</a></h2><p>Shipping $150</p><p>Estimate: $20,000</p>"
        f"<p class='old-price'>$15,000</p><p>Buy now ${n},000</p></article>"
        for n in (7, 8)
    )
    assert [x.price for x in read(body).listings] == [7000, 8000]
