"""JSON-LD, however malformed, microdata, and what they offer for sale."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.scrape.links import Address
from agents.scrape.outline import outline_of
from agents.scrape.prices import Price
from agents.scrape.products import Product, listed_products, meta_price, products_of
from agents.scrape.structured import MAX_DEPTH, microdata_of, nodes_of, read_data_scripts, types_of
from agents.scrape.tidying import tidy

HERE = Address("https://shop.test/a/", "https://shop.test/a/")


@pytest.mark.parametrize(
    "script",
    [
        '{"a": 1}',
        '\n<!-- {"a": 1} -->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '{"a": 1,}',
        '{"a": 1};',
        '{"a": 1}}',
        "{&quot;a&quot;: 1}",
    ],
)
def test_a_malformed_script_is_read_as_it_was_meant(script: str) -> None:
    assert read_data_scripts([script]) == ([{"a": 1}], 0)


@pytest.mark.parametrize(
    "script", ["", "not json", '{"a": ', "[" * 100_000, '{"a": 1} {"b": 2}', "9" * 5_000, '{"a":' * 300]
)
def test_an_unreadable_script_is_counted_and_left_out(script: str) -> None:
    assert read_data_scripts([script, "[2]"]) == ([[2]], 1)


def test_values_that_json_cannot_carry_are_mended() -> None:
    values, unread = read_data_scripts(
        ['{"n": NaN, "i": Infinity, "big": 99999999999999999999, "s": "\\ud800 \n x"}']
    )
    assert unread == 0
    assert values == [{"n": None, "i": None, "big": 1e20, "s": "? \n x"}]


def test_deep_values_are_cut_short() -> None:
    deep: object = "x"
    for _ in range(60):
        deep = [deep]
    values, _ = read_data_scripts([json.dumps(deep)])
    assert json.dumps(values).count("[") <= MAX_DEPTH + 3


@given(scripts=st.lists(st.text(max_size=60) | st.text(alphabet='{}[]",:1a\\u', max_size=60), max_size=4))
def test_any_script_gives_values_that_json_carries(scripts: list[str]) -> None:
    values, unread = read_data_scripts(scripts)
    json.dumps(values, allow_nan=False).encode()
    assert len(values) + unread == len(scripts)


def test_nodes_are_found_in_lists_and_graphs() -> None:
    nodes = list(nodes_of([{"@graph": [{"@type": "Product"}, {"@type": ["http://schema.org/Offer", 3]}]}]))
    assert [types_of(n) for n in nodes] == [set(), {"product"}, {"offer", "3"}]


def test_a_product_gives_price_picture_and_end() -> None:
    node = {
        "@type": "Product",
        "name": "Ford &amp; Co",
        "url": "/lot/1",
        "image": [{"url": "x.jpg"}],
        "offers": [{"price": "1234.50", "priceCurrency": "EUR", "availabilityEnds": "2026-03-07T10:00Z"}],
    }
    assert products_of([node], HERE) == [
        Product(
            name="Ford & Co",
            url="https://shop.test/lot/1",
            price=Price(1234.5, "EUR", "1234.50 EUR"),
            image="https://shop.test/a/x.jpg",
            description="",
            ends="Ends: 2026-03-07T10:00Z",
        )
    ]


@pytest.mark.parametrize(
    "offers",
    [
        {"lowPrice": 10, "priceCurrency": "USD"},
        {"priceSpecification": {"price": "10", "priceCurrency": "USD"}},
        {"@type": "AggregateOffer", "offers": [{"price": "10.00", "priceCurrency": "USD"}]},
        [{"price": None}, {"price": "$10"}],
    ],
)
def test_a_price_is_found_in_every_form_of_offer(offers: object) -> None:
    product = products_of([{"@type": "Car", "name": "x", "offers": offers}], HERE)[0]
    assert product.price is not None
    assert product.price.amount == 10


@pytest.mark.parametrize("offers", [None, 5, "x", [], [5], {"price": {}}, {"price": [[]]}, {"price": "soon"}])
def test_offers_of_a_wrong_shape_name_no_price(offers: object) -> None:
    assert products_of([{"@type": "Product", "name": "x", "offers": offers}], HERE)[0].price is None


def test_an_item_list_gives_its_members() -> None:
    node = {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": 1, "item": {"name": "A", "url": "/a", "offers": {"price": 1}}},
            {"@type": "ListItem", "url": "/b", "name": "B"},
            {"@type": "ListItem", "item": "/c", "name": "C"},
            {"name": "no url"},
            7,
        ],
    }
    members = listed_products(
        [node, {"@type": "BreadcrumbList", "itemListElement": [{"name": "x", "item": "/"}]}], HERE
    )
    assert [(m.name, m.url) for m in members] == [
        ("A", "https://shop.test/a"),
        ("B", "https://shop.test/b"),
        ("C", "https://shop.test/c"),
    ]


def test_microdata_reads_like_json_ld() -> None:
    page = outline_of(
        tidy(
            "<div itemscope itemtype='https://schema.org/Product'><h1 itemprop='name'>Truck</h1>"
            "<div itemprop='offers' itemscope itemtype='https://schema.org/Offer'>"
            "<meta itemprop='priceCurrency' content='EUR'><span itemprop='price' content='99.5'>99,50 €</span>"
            "</div><img itemprop='image' src='a.jpg'><img itemprop='image' src='b.jpg'></div>"
        )
    )
    nodes = microdata_of(page)
    assert nodes[0]["image"] == ["a.jpg", "b.jpg"]
    product = products_of(nodes, HERE)[0]
    assert (product.name, product.price) == ("Truck", Price(99.5, "EUR", "99.5 EUR"))


def test_the_metadata_may_state_the_price() -> None:
    page = outline_of(
        tidy(
            "<meta property='product:price:amount' content='12.50'><meta property='product:price:currency' content='gbp'>"
        )
    )
    assert meta_price(page) == Price(12.5, "GBP", "12.50 GBP")
    assert meta_price(outline_of(tidy("<p>x"))) is None
