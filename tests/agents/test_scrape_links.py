"""Links, pictures and the next page: absolute, http(s) only, each once."""

from __future__ import annotations

import pytest

from agents.scrape.links import MAX_URL, Address, address_of, country_of, host_of, images_of, links_of
from agents.scrape.outline import Outline, outline_of
from agents.scrape.paging import next_page
from agents.scrape.tidying import tidy

URL = "https://site.test/list/?page=1"
HERE = Address(URL, URL)


def outline(source: str) -> Outline:
    return outline_of(tidy(source))


def following(source: str, url: str = URL) -> str | None:
    page = outline(source)
    return next_page(page, address_of(page, url))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("a", "https://site.test/list/a"),
        ("//cdn.test/x", "https://cdn.test/x"),
        ("  /b c\n", "https://site.test/b%20c"),
        ("?page=2#top", "https://site.test/list/?page=2"),
        ("#top", None),
        ("", None),
        ("javascript:alert(1)", None),
        ("mailto:a@b.c", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("http://user:word@site.test/", None),
        ("http://[::bad", None),
        ("/" + "a" * MAX_URL, None),
    ],
)
def test_a_reference_becomes_an_absolute_web_address_or_nothing(reference: str, expected: str | None) -> None:
    assert HERE.resolve(reference) == expected


def test_a_base_element_moves_relative_links() -> None:
    page = outline("<base href='/other/'><a href='x'>X</a>")
    assert links_of(page, address_of(page, URL), most=5) == [("https://site.test/other/x", "X")]


def test_links_stand_once_with_the_text_that_says_something() -> None:
    page = outline(
        "<a href=/a><img src=x.jpg></a><a href=/a>Lot 1</a><a href=/b><img alt='Lot 2' src=y.jpg></a>"
        "<a href=/c aria-label='Lot 3'></a><a href='javascript:x'>no</a><a>no</a>"
    )
    assert links_of(page, HERE, most=9) == [
        ("https://site.test/a", "Lot 1"),
        ("https://site.test/b", "Lot 2"),
        ("https://site.test/c", "Lot 3"),
    ]


def test_the_number_of_links_is_bounded() -> None:
    page = outline("".join(f"<a href=/{i}>x</a>" for i in range(50)))
    assert len(links_of(page, HERE, most=10)) == 10


def test_images_are_the_photos_in_order() -> None:
    page = outline(
        "<img src='data:image/gif;base64,R0' data-src='/1.jpg' alt=one><img src=/2.jpg><img src=/2.jpg alt=two>"
        "<img srcset='/3.jpg 1x, /3b.jpg 2x'><img src=/logo.svg><img src=/t.gif width=1 height=1>"
        "<img src='/img/placeholder.png'><img src='{{ photo }}'><img>"
    )
    assert images_of(page.by_tag["img"], HERE, most=9) == [
        ("https://site.test/1.jpg", "one"),
        ("https://site.test/2.jpg", "two"),
        ("https://site.test/3.jpg", ""),
    ]


def test_hosts_are_read_as_the_url_standard_reads_them() -> None:
    assert host_of("http://192.0x00A80001/") == "192.168.0.1"
    assert host_of("not a url") == ""
    assert country_of("https://shop.example.SE:8443/") == "se"
    assert HERE.is_same_host("http://site.test/x")
    assert not HERE.is_same_host("http://site.test:8080/x")


@pytest.mark.parametrize(
    "source",
    [
        "<link rel=next href='?page=2'>",
        "<a rel='nofollow next' href='?page=2'>2</a>",
        "<a href='?page=2'>Next</a>",
        "<a href='?page=2'>Next page &rsaquo;</a>",
        "<a href='?page=2'>»</a>",
        "<a href='?page=2'>&rsaquo;</a>",
        "<a href='?page=2' aria-label='Next'><svg></svg></a>",
        "<a href='?page=2'>Nächste Seite</a>",
        "<a href='?page=2'>Suivant</a>",
        "<a href='?page=2'>Siguiente</a>",
        "<ul><li class='pagination-next'><a href='?page=2'><i></i></a></li></ul>",
    ],
)
def test_the_next_page_is_what_the_page_calls_next(source: str) -> None:
    assert following(f"<a href='/about'>About</a>{source}") == "https://site.test/list/?page=2"


@pytest.mark.parametrize(
    "source",
    [
        "<a href='https://elsewhere.test/?page=2' rel=next>Next</a>",
        "<a href='?page=1'>Next</a>",
        "<a href='#'>Next</a>",
        "<a href='?page=2' class='next disabled'>Next</a>",
        "<a href='?page=2' class='slick-next'>Next</a>",
        "<a href='?page=2'>Next steps for your business</a>",
        "<a href='?page=2'>2</a>",
    ],
)
def test_another_host_the_same_page_or_a_slider_is_not_next(source: str) -> None:
    assert following(source) is None
