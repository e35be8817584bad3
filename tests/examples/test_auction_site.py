"""The generated pages and the server that shows them."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from examples.auction.lots import Auction, choose
from examples.auction.pages import INDEX_PAGES, render
from examples.auction.photos import photo_name, photograph
from examples.auction.serve import SiteServer
from examples.auction.site import build
from examples.auction.truth import truth_of

SEED = 7


@pytest.fixture(scope="module")
def auction() -> Auction:
    return choose(SEED)


@pytest.fixture(scope="module")
def pages(auction: Auction) -> dict[str, str]:
    return render(auction)


@pytest.fixture(scope="module")
def photos(auction: Auction) -> dict[str, bytes]:
    return photograph(auction)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    folder = tmp_path_factory.mktemp("site")
    build(folder, seed=SEED)
    (folder / "public" / "escape").symlink_to(folder / "truth.json")
    with SiteServer(folder) as server:
        yield server


def get(server: SiteServer, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()
    finally:
        connection.close()


def text_of(page: str, selector: str) -> str:
    node = LexborHTMLParser(page).css_first(selector)
    return node.text().strip() if node is not None else ""


def test_pages_are_linked_by_next_up_to_the_scripted_one(pages: dict[str, str]) -> None:
    onward = [LexborHTMLParser(pages[path]).css_first("a[rel=next]") for path in INDEX_PAGES]
    assert [node and node.attributes["href"] for node in onward] == ["/page2.html", "/more.html", None]


def test_the_third_page_shows_no_lot_without_javascript(pages: dict[str, str], auction: Auction) -> None:
    tree = LexborHTMLParser(pages["/more.html"])
    app = tree.css_first("#app")
    assert app is not None
    assert not app.text().strip()
    assert tree.css_first("noscript") is not None
    assert not tree.css("a[href^='/lots/']")
    island = tree.css_first("script[type='application/json']")
    assert island is not None
    assert [lot["path"] for lot in json.loads(island.text())] == [lot.path for lot in auction.pages()[2]]


def test_every_lot_stands_on_one_index_page_and_has_its_own(pages: dict[str, str], auction: Auction) -> None:
    listed = [
        str(a.attributes["href"])
        for path in INDEX_PAGES[:2]
        for a in LexborHTMLParser(pages[path]).css("h2 a")
    ]
    assert listed == [lot.path for page in auction.pages()[:2] for lot in page]
    assert {lot.path for lot in auction.lots} <= pages.keys()


def test_card_and_own_page_agree_on_price_and_end(pages: dict[str, str], auction: Auction) -> None:
    for lot in auction.pages()[0]:
        card, own = LexborHTMLParser(pages["/index.html"]).css_first(f"#lot-{lot.number}"), pages[lot.path]
        assert card is not None
        for selector, said in ((".price", f"${lot.price:,}"), (".ends", lot.ends.text)):
            shown = card.css_first(selector)
            assert shown is not None
            assert shown.text().strip() == text_of(own, selector) == said


def test_a_description_is_the_same_ascii_in_meta_and_paragraph(
    pages: dict[str, str], auction: Auction
) -> None:
    for lot in auction.lots:
        tree = LexborHTMLParser(pages[lot.path])
        meta = tree.css_first("meta[name=description]")
        assert meta is not None
        assert meta.attributes["content"] == text_of(pages[lot.path], ".description") == lot.description
        assert lot.description.isascii()


def test_every_truck_page_states_the_facts(pages: dict[str, str], auction: Auction) -> None:
    for lot in filter(lambda lot: lot.is_truck, auction.lots):
        facts = text_of(pages[lot.path], ".facts")
        wanted = (str(lot.number), lot.model.make, lot.model.name, lot.shade.capitalize(), lot.location)
        assert all(fact in facts for fact in wanted)
        assert lot.shade in lot.description


def test_a_misstated_lot_never_names_its_true_colour(pages: dict[str, str], auction: Auction) -> None:
    wrong = [lot for lot in auction.lots if lot.stated != lot.colour]
    assert wrong
    assert all(lot.colour not in pages[lot.path].lower() for lot in wrong)


def test_every_photo_named_on_a_page_exists(
    pages: dict[str, str], auction: Auction, photos: dict[str, bytes]
) -> None:
    for lot in auction.lots:
        shown = [str(n.attributes["src"]) for n in LexborHTMLParser(pages[lot.path]).css(".photos img")]
        assert shown == [f"/photos/{photo_name(lot, i)}" for i in range(lot.photos)]
        assert all(src.removeprefix("/photos/") in photos for src in shown)


def test_photos_are_jpegs_of_a_size_worth_looking_at(photos: dict[str, bytes]) -> None:
    for photo in photos.values():
        with Image.open(io.BytesIO(photo)) as opened:
            assert opened.format == "JPEG"
            assert min(opened.size) >= 300
        assert len(photo) < 200_000


def test_linked_data_repeats_the_page(pages: dict[str, str], auction: Auction) -> None:
    for lot in (lot for lot in auction.lots if lot.number % 2):
        product = json.loads(text_of(pages[lot.path], "script[type='application/ld+json']"))
        assert (product["name"], product["offers"]["price"]) == (lot.title, lot.price)


def test_the_server_gives_pages_photos_and_style(site: SiteServer) -> None:
    path = truth_of(choose(SEED)).answer[0].path
    kinds = {p: get(site, p)[:2] for p in ("/", path, "/style.css", f"/photos{path[5:-5]}-1.jpg")}
    assert list(kinds.values()) == [
        (200, "text/html"),
        (200, "text/html"),
        (200, "text/css"),
        (200, "image/jpeg"),
    ]


@pytest.mark.parametrize(
    "path", ["/truth.json", "/../truth.json", "/..%2ftruth.json", "/lots/", "/photos/", "/escape", "/no.html"]
)
def test_the_server_gives_nothing_but_the_site(site: SiteServer, path: str) -> None:
    status, _, body = get(site, path)
    assert status == 404
    assert b"typical_price" not in body


def test_a_server_has_no_address_outside_its_with_block(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("<!DOCTYPE html><title>Lots</title>")
    server = SiteServer(tmp_path)
    with server:
        assert get(server, "/")[0] == 200
    with pytest.raises(RuntimeError, match="with block"):
        _ = server.url
