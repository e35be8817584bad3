"""Which price is the price, among old ones, fees and estimates."""

from __future__ import annotations

import pytest

from agents.scrape.money import main_price
from agents.scrape.outline import outline_of
from agents.scrape.tidying import tidy


def price(source: str) -> tuple[float, str | None] | None:
    page = outline_of(tidy(source))
    found = main_price(page, page.elements, page.lines_without([]))
    return (found.amount, found.currency) if found else None


@pytest.mark.parametrize(
    "source",
    [
        "<p>$5,000</p>",
        "<p>Estimate $9,000</p><p>$5,000</p>",
        "<p>Was $9,000</p><p>Now $5,000</p>",
        "<p><del>$9,000</del> $5,000</p>",
        "<p><span class=old-price>$9,000</span> <span>$5,000</span></p>",
        "<div class=price><s>$9,000</s> $5,000</div>",
        "<div class=price-box><span class='price was'>$9,000</span><span class='price now'>$5,000</span></div>",
        "<p>Shipping: $90</p><p>Current bid: $5,000</p>",
        "<p>Reserve</p><p>$9,000</p><p>Current bid</p><p>$5,000</p>",
        "<p>$9,000 market value</p><div id=current-bid>$5,000</div>",
        "<span class=amount><span>$</span><span>5,000</span><sup>.00</sup></span>",
        "<p>Gift card $25</p><p>Buy it now $5,000</p>",
        "<nav><span class=price>$9</span></nav><p class=price>$5,000</p>",
        "<p hidden class=price>$9</p><p>$5,000</p>",
        "<div itemprop=price content=5000>5,000</div>",
    ],
)
def test_the_price_is_what_is_asked_now(source: str) -> None:
    found = price(source)
    assert found is not None
    assert found[0] == 5000


def test_a_price_that_is_only_an_estimate_is_better_than_none() -> None:
    assert price("<p>Estimate: 9.000 €</p>") == (9000, "EUR")


def test_a_page_without_money_names_no_price() -> None:
    assert price("<p class=price>Call us</p><p>Built 2015, 90,000 km</p>") is None
