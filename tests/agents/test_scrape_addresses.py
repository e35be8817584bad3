"""Where a page leads: every address is one a browser would open, absolute and plain, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scrape.links import Address, host_of
from agents.scrape.page import read_page

URL = "https://site.test/a/b?page=1"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("c", "https://site.test/a/c"),
        ("./c", "https://site.test/a/c"),
        ("../../../c", "https://site.test/c"),
        ("?q=1", "https://site.test/a/b?q=1"),
        ("/c?x=ü", "https://site.test/c?x=%C3%BC"),
        ("HTTPS://Site.TEST:443/C", "https://site.test/C"),
        ("http:\\\\evil.test\\x", "http://evil.test/x"),
        ("\thttps://a.test\n/x", "https://a.test/x"),
        ("https://bücher.test/", "https://xn--bcher-kva.test/"),
        ("https://a.test/x#part", "https://a.test/x"),
        ("https://[::1]:8080/", "https://[::1]:8080/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("https://user@a.test/", None),
        ("https://:pw@a.test/", None),
        ("ws://a.test/", None),
        ("blob:https://a.test/x", None),
        ("vbscript:x", None),
        (" javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("tel:+123", None),
        ("https://", None),
        ("https://a b.test/", None),
        ("https://a.test:99999/", None),
    ],
)
def test_an_address_is_what_a_browser_would_open_or_nothing(reference: str, url: str | None) -> None:
    assert Address(URL, URL).resolve(reference) == url


@settings(max_examples=100)
@given(st.text(st.sampled_from("/:?#@\\.htpsaü%0[]&= \t"), max_size=25))
def test_whatever_a_page_links_to_is_a_plain_web_address_or_nothing(reference: str) -> None:
    url = Address(URL, URL).resolve(reference)
    if url is not None:
        assert url.startswith(("http://", "https://"))
        assert host_of(url)
        assert "#" not in url
        assert "@" not in url.split("/")[2]
        assert Address(URL, URL).resolve(url) == url


@pytest.mark.parametrize("base", ["javascript:x", "data:text/html,x", "//", "https://user@evil.test/"])
def test_a_base_that_is_no_web_address_moves_nothing(base: str) -> None:
    links = read_page(f"<base href='{base}'><a href=x>X</a>", URL).links
    assert [link.url for link in links] == ["https://site.test/a/x"]


def next_of(source: str) -> str | None:
    url = read_page(source, URL).next_url
    return url and url.removeprefix("https://site.test/a/")


REL, SAID, NAMED = (
    "<a rel=next href=rel>more</a>",
    "<a href=said>Next</a>",
    "<a class=next href=named>more</a>",
)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (NAMED + SAID + REL, "rel"),
        (NAMED + SAID, "said"),
        (SAID + "<a href=later>Next</a>", "later"),
        (NAMED, "named"),
        ("<link rel='NEXT' href=head>" + REL, "head"),
        ("<a rel=next href='https://elsewhere.test/x'>x</a>" + SAID, "said"),
        ("<a rel=nextgen href=no>x</a>", None),
        ("<a href=no>1</a><b>2</b><a href=no3>3</a>", None),
        ("<a href=no aria-disabled=true>Next</a>", None),
        ("<li class=disabled><a href=no>Next</a></li>", None),
        ("<a class='next carousel' href=no>Next</a>", None),
        ("<a href=no>Next up: our summer sale of trucks</a>", None),
        ("<a>Next</a>", None),
        ("<a href='javascript:next()'>Next</a>", None),
        ("<a href='b?page=1#more'>Next</a>", None),
        ("<a href=n>\u203a</a>", "n"),
        ("<a href=n>Weiter \u00bb</a>", "n"),
        ("<a href=n>Next&nbsp;page</a>", "n"),
        ("<a href=n>Older posts</a>", "n"),
        ("<a href=n title='Página siguiente'><i></i></a>", "n"),
    ],
)
def test_the_next_page_is_the_surest_of_what_claims_to_be_it(source: str, url: str | None) -> None:
    assert next_of(source) == url
