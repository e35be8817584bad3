"""Everything one page says, and that no page whatever breaks the reading."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scrape.decoding import decode_page
from agents.scrape.outline import outline_of
from agents.scrape.page import home_of, read_page, read_text
from agents.scrape.tidying import tidy

URL = "https://site.test/lot/1"
DETAIL = """<html lang="en-US"><head><title>2015 Ford F-150 | Site</title>
<meta name="description" content="Trucks for sale"></head><body>
<nav><a href="/">Home</a></nav><main><h1>2015 Ford F-150</h1>
<div class="gallery"><img src="/a.jpg" alt="front"><img src="/b.jpg"></div>
<p>Current bid: <b>$10,001</b> <small>(5 bids)</small></p><p>Estimated value: $20,000</p>
<div class="lot-description"><p>A fine red truck. Runs and drives, no rust, one owner from new.</p></div>
<table><tr><th>VIN</th><td>1FT</td></tr><tr><th>Ends</th><td>Friday 6 March 17:00 CET</td></tr></table>
</main></body></html>"""


def test_a_single_item_page_gives_the_item() -> None:
    page = read_page(DETAIL, URL)
    assert page.title == "2015 Ford F-150 | Site"
    assert page.description.startswith("A fine red truck.")
    assert [(p.amount, p.currency) for p in page.prices] == [(10001, "USD"), (20000, "USD")]
    assert page.ends_text == "Ends: Friday 6 March 17:00 CET"
    assert page.facts["VIN"] == "1FT"
    assert [(i.url, i.alt) for i in page.images] == [
        ("https://site.test/a.jpg", "front"),
        ("https://site.test/b.jpg", ""),
    ]
    assert page.listings == []
    assert page.needs_browser is None


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("<title> A &amp; B\n</title><h1>C</h1>", "A & B"),
        ("<title></title><meta property=og:title content='D'>", "D"),
        ("<svg><title>icon</title></svg><h1>E <b>F</b></h1>", "E F"),
        ("""<script type="application/ld+json">{"@type":"Product","name":"G"}</script>""", "G"),
        ("<p>nothing", ""),
    ],
)
def test_the_title_is_the_first_that_says_something(source: str, title: str) -> None:
    assert read_page(source, URL).title == title


@pytest.mark.parametrize(
    ("source", "description"),
    [
        ("<meta name=description content='Short'><p>Longer paragraph</p>", "Short"),
        ("<p>Short</p><p>Longer paragraph</p>", "Longer paragraph"),
        ("<p>", ""),
    ],
)
def test_the_description_falls_back_to_the_longest_paragraph(source: str, description: str) -> None:
    assert read_page(source, URL).description == description


def test_a_stated_price_comes_before_what_the_page_shows() -> None:
    source = '<script type="application/ld+json">{"@type":"Product","name":"x","offers":{"price":"9.5","priceCurrency":"EUR"}}</script><p>12,00 €</p>'
    assert [(p.amount, p.currency) for p in read_page(source, URL).prices] == [(9.5, "EUR"), (12, "EUR")]


def test_an_unreadable_script_and_a_cut_page_are_warned_of() -> None:
    page = read_page('<script type="application/ld+json">{oops</script>' + "<div>" * 1_000, URL)
    assert page.warnings == [
        "1 JSON-LD script(s) could not be read",
        "the page is nested too deep or too large; part of it was left out",
    ]


@pytest.mark.parametrize(
    ("language", "url", "home"),
    [
        ("en-CA", "https://a.test/", "ca"),
        ("da", "https://a.test/", "da"),
        ("en", "https://a.no/", "no"),
        ("fr", "https://a.fr/", ""),
    ],
)
def test_a_page_is_at_home_where_its_host_or_language_says(language: str, url: str, home: str) -> None:
    assert home_of(outline_of(tidy(f"<html lang={language}><p>x")), url) == home


def test_plain_text_gives_its_lines_prices_and_end() -> None:
    page = read_text("Lot 5\nPrice: $5\n\nEnds in 2 hours")
    assert page.lines == ["Lot 5", "Price: $5", "Ends in 2 hours"]
    assert page.prices[0].amount == 5
    assert page.ends_text == "Ends in 2 hours"
    assert page.facts == {"Price": "$5"}


HOSTILE = {
    "labels": "<div>" + "<span class=label>a</span>" * 20_000 + "</div>",
    "numbers": "111 " * 500_000,
    "hours": "1 h " * 500_000,
    "noscripts": "<script></script>" + "<noscript>" * 20_000,
    "rows": "<table>" + "<tr><td>a<td><a href=b>cc</a>$5" * 5_000,
    "scopes": "<div itemscope itemprop=a>" * 20_000,
    "next": "<a href=/n>next</a>" * 20_000,
    "lists": '<script type=application/ld+json>{"@type":"ItemList","itemListElement":['
    + ",".join('{"url":"/%d","name":"n"}' % n for n in range(5_000))  # noqa: UP031  # braces abound
    + "]}</script>",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_page_made_to_be_slow_is_read_in_bounded_time(kind: str) -> None:
    page = read_page(HOSTILE[kind], URL)
    assert len(page.listings) <= 500
    assert len(page.prices) <= 200


PIECES = """<div class=price>|<li>|<a href=/x>|</a>|<td>|<tr>|<table>|</div>|$1,5| Ends 3h |<time>|<dt>a|<dd>b|<img src=//[>
|<base href='://'>|<meta charset=x>|{{ a }}|<noscript>|<h1>|&#xD800;|<article>|<p itemprop=price itemscope>|<html lang=>
|<script type='application/ld+json'>[{]</script>|<body itemscope>|\ud800"""
SOUP = st.lists(
    st.sampled_from(PIECES.split("|")) | st.text(max_size=5),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(source=SOUP, url=st.sampled_from([URL, "", "nonsense", "http://[::1]:99/"]))
def test_any_soup_of_tags_is_read_without_an_exception(source: str, url: str) -> None:
    page = read_page(source.encode("utf-8", "replace").decode(), url)
    rows = [
        x.model_dump(mode="json")
        for x in (*page.listings, *page.links, *page.images, *page.prices, *page.tables)
    ]
    json.dumps([rows, page.jsonld, page.facts, page.lines, page.dates, page.title], allow_nan=False).encode(
        "utf-8"
    )


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(body: bytes) -> None:
    assert asdict(read_page(decode_page(body, charset=None), URL)) is not None
    assert read_text(decode_page(body, charset=None)).listings == []
