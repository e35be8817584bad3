"""The site's HTML: two index pages of different make, one that needs JavaScript, a page per lot."""

from __future__ import annotations

import json
from datetime import timedelta
from html import escape
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from examples.auction.endings import iso_z
from examples.auction.lots import Auction, Lot
from examples.auction.photos import photo_name

NAME: Final = "Redfield Truck & Plant Auctions"
INDEX_PAGES: Final = ("/index.html", "/page2.html", "/more.html")

_PAGE: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
$head<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="site">
<a href="/">$site</a>
<p>Surplus trucks and plant, sold as seen. Times without a zone are $zone.</p>
</header>
<main>
$main
</main>
<footer>A made-up auction house for trying things out. Nothing here is for sale.</footer>
</body>
</html>
""")

_SCRIPT: Final = """
const lots = JSON.parse(document.getElementById("more-lots").textContent);
const list = document.createElement("ul");
list.className = "lots";
for (const lot of lots) {
  const item = document.createElement("li");
  item.className = "lot";
  const image = document.createElement("img");
  image.src = lot.photo; image.alt = lot.title;
  const about = document.createElement("div");
  about.className = "about";
  const heading = document.createElement("h2");
  const link = document.createElement("a");
  link.href = lot.path; link.textContent = lot.title;
  heading.append(link);
  about.append(heading);
  for (const [name, text] of [["number", "Lot " + lot.number], ["price", lot.price]]) {
    const line = document.createElement("p");
    line.className = name; line.textContent = text;
    about.append(line);
  }
  const ends = document.createElement("p");
  ends.className = "ends"; ends.innerHTML = lot.ends;
  about.append(ends);
  item.append(image, about);
  list.append(item);
}
document.getElementById("app").append(list);
"""


def render(auction: Auction) -> dict[str, str]:
    """Return every page of the site, by path."""
    first, second, third = auction.pages()
    pages = {
        INDEX_PAGES[0]: _index(auction, first, page=0),
        INDEX_PAGES[1]: _index(auction, second, page=1),
        INDEX_PAGES[2]: _scripted(auction, third),
    }
    return pages | {lot.path: _detail(auction, lot) for lot in auction.lots}


def _page(auction: Auction, title: str, main: str, *, head: str = "") -> str:
    zone = auction.home_zone.rpartition("/")[2].replace("_", " ") + " time"
    return _PAGE.substitute(title=escape(title), head=head, site=escape(NAME), zone=escape(zone), main=main)


def _index(auction: Auction, lots: list[Lot], *, page: int) -> str:
    card = (_article, _row)[page]
    inner = "\n".join(card(lot) for lot in lots)
    wrap = ('<div class="lots">', "</div>") if page == 0 else ('<ul class="lots">', "</ul>")
    heading = "Lots closing this week" if page == 0 else "Lots closing this week, page 2"
    main = f"<h1>{heading}</h1>\n{wrap[0]}\n{inner}\n{wrap[1]}\n{_links(page)}"
    head = f'<link rel="next" href="{INDEX_PAGES[page + 1]}">\n'
    return _page(auction, f"{heading} | {NAME}", main, head=head)


def _links(page: int) -> str:
    back = f'<a rel="prev" href="{INDEX_PAGES[page - 1]}">Back</a>' if page else "<span></span>"
    more = ("Next page", "More lots", "")[page]
    onward = f'<a rel="next" href="{INDEX_PAGES[page + 1]}">{more}</a>' if more else "<span></span>"
    return f'<nav class="pages">{back}{onward}</nav>'


def _money(lot: Lot) -> str:
    return f"${lot.price:,}"


def _article(lot: Lot) -> str:
    return (
        f'<article class="lot" id="lot-{lot.number}">\n'
        f'<a href="{lot.path}"><img src="/photos/{photo_name(lot, 0)}" alt="{escape(lot.title)}" loading="lazy"></a>\n'
        f'<div class="about">\n<h2><a href="{lot.path}">{escape(lot.title)}</a></h2>\n'
        f'<p class="number">Lot {lot.number}</p>\n<p class="price">{_money(lot)}</p>\n'
        f'<p class="ends">{lot.ends.html}</p>\n</div>\n</article>'
    )


def _row(lot: Lot) -> str:
    return (
        f'<li class="lot"><img src="/photos/{photo_name(lot, 0)}" alt="{escape(lot.title)}">'
        f'<div class="about"><p class="number">Lot #{lot.number} &middot; {escape(lot.location)}</p>'
        f'<h2><a href="{lot.path}">{escape(lot.title)}</a></h2>'
        f'<p>Current bid <span class="price">{_money(lot)}</span></p>'
        f'<p class="ends">{lot.ends.html}</p></div></li>'
    )


def _scripted(auction: Auction, lots: list[Lot]) -> str:
    shown = [
        {
            "number": lot.number,
            "path": lot.path,
            "title": lot.title,
            "price": _money(lot),
            "photo": f"/photos/{photo_name(lot, 0)}",
            "ends": lot.ends.html,
        }
        for lot in lots
    ]
    island = json.dumps(shown).replace("<", "\\u003c")
    main = (
        '<h1>More lots</h1>\n<div id="app"></div>\n'
        "<noscript><p>Please turn on JavaScript to see these lots.</p></noscript>\n"
        f'<script type="application/json" id="more-lots">{island}</script>\n<script>{_SCRIPT}</script>\n{_links(2)}'
    )
    return _page(auction, f"More lots | {NAME}", main)


def _detail(auction: Auction, lot: Lot) -> str:
    photos = "\n".join(
        f'<img src="/photos/{photo_name(lot, i)}" alt="{escape(lot.title)}, photo {i + 1}">'
        for i in range(lot.photos)
    )
    main = (
        f'<h1>{escape(lot.title)}</h1>\n<div class="photos">\n{photos}\n</div>\n'
        f'<p class="price">{_money(lot)}</p>\n<p class="ends">{lot.ends.html}</p>\n{_facts(lot)}\n'
        f'<h2>Description</h2>\n<p class="description">{escape(lot.description)}</p>\n'
        f'<p class="viewing">Viewing by appointment at {escape(lot.location)} on '
        f"{_viewing(auction)}.</p>\n"
        f'<nav class="pages"><a href="/">All lots</a></nav>'
    )
    head = f'<meta name="description" content="{escape(lot.description)}">\n' + (
        _linked_data(lot) if lot.number % 2 else ""
    )
    return _page(auction, f"{lot.title} | {NAME}", main, head=head)


def _viewing(auction: Auction) -> str:
    local = auction.now.astimezone(ZoneInfo(auction.home_zone)) - timedelta(days=1)
    return f"weekdays since {local:%B} {local.day}"


def _facts(lot: Lot) -> str:
    facts = {
        "Lot": str(lot.number),
        "Make": lot.model.make,
        "Model": lot.model.name,
        "Type": lot.model.kind.capitalize(),
    }
    if lot.model.kind not in {"crockery", "print"}:
        facts |= {"Colour": lot.shade.capitalize()}
    if lot.is_truck:
        facts |= {"Mileage": f"{lot.mileage:,} mi"}
    facts |= {"Location": lot.location}
    if lot.number % 3:
        rows = "\n".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
        return f'<dl class="facts">\n{rows}\n</dl>'
    rows = "\n".join(f'<tr><th scope="row">{k}</th><td>{escape(v)}</td></tr>' for k, v in facts.items())
    return f'<table class="facts">\n{rows}\n</table>'


def _linked_data(lot: Lot) -> str:
    """Say the same again as JSON-LD, as every other page on the web does."""
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": lot.title,
        "sku": str(lot.number),
        "description": lot.description,
        "image": [f"/photos/{photo_name(lot, i)}" for i in range(lot.photos)],
        "offers": {
            "@type": "Offer",
            "price": lot.price,
            "priceCurrency": "USD",
            "availabilityEnds": iso_z(lot.ends.at),
        },
    }
    island = json.dumps(product, indent=1).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{island}</script>\n'
