"""Real shop and article pages: each gives an output with its title, and most their price."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agents.scrape.decoding import decode_page
from agents.scrape.page import Page, read_page

CASES = Path(os.environ.get("CALLSHEET_CASES", Path(__file__).parents[2] / ".." / "shared" / "cases")) / "web"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="CALLSHEET_CASES names no folder with web/"),
]


Pages = dict[str, tuple[dict[str, Any], Page]]


@pytest.fixture(scope="module")
def pages() -> Callable[[str], Pages]:
    """Give the pages of a kind, read once for all tests."""
    return cache(read_all)


def read_all(kind: str) -> Pages:
    """Return name -> (truth, what was read) for every page of a kind."""
    truth = json.loads((CASES / kind / "ground-truth.json").read_text(encoding="utf-8"))
    found = {}
    for name, row in truth.items():
        path = CASES / kind / "html" / f"{name}.html.gz"
        if path.exists():
            source = decode_page(gzip.decompress(path.read_bytes()), charset=None)
            found[name] = (row, read_page(source, row["url"]))
    return found


@pytest.mark.parametrize("kind", ["products", "articles"])
def test_every_real_page_has_a_title_and_text(kind: str, pages: Callable[[str], Pages]) -> None:
    for name, (_, page) in pages(kind).items():
        assert page.title, name
        assert page.lines, name


def test_most_shop_pages_give_the_price_they_ask(pages: Callable[[str], Pages]) -> None:
    right = named = wanted = 0
    for row, page in pages("products").values():
        amount = page.prices[0].amount if page.prices else None
        stated = [float(x) for x in row.get("price", [])]
        named += amount is not None
        wanted += bool(stated)
        right += amount is not None and any(abs(amount - x) < 0.005 for x in stated)
    assert 2 * right / (named + wanted) >= 0.82
