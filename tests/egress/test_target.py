from __future__ import annotations

import pytest

from contracts.errors import Refused
from egress.target import parse_endpoint, parse_target

LOOPBACK = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.01/",
    "http://127.0.0.1./",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127。0。0。1/",
    "http://%31%32%37.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http:127.0.0.1",
    "http:///127.0.0.1",
    " http://127.0.0.1/\n",
    "ht\ntp://127.0.\t0.1/",
    "HTTP://127.0.0.1:80/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
]
REFUSED = [
    ("http://user@example.com/", "egress.bad_url"),
    ("http://user:secret@example.com/", "egress.bad_url"),
    ("http://example.com@127.0.0.1/", "egress.bad_url"),
    ("http://", "egress.bad_url"),
    ("", "egress.bad_url"),
    ("/relative", "egress.bad_url"),
    ("//example.com/", "egress.bad_url"),
    ("http://exa mple.com/", "egress.bad_url"),
    ("http://example.com:99999/", "egress.bad_url"),
    ("http://example.com:port/", "egress.bad_url"),
    ("http://[::1/", "egress.bad_url"),
    ("http://[fe80::1%25eth0]/", "egress.bad_url"),
    ("http://1.2.3.4.5/", "egress.bad_url"),
    ("http://256.1.1.1/", "egress.bad_url"),
    ("http://a..b/", "egress.bad_url"),
    ("http://./", "egress.bad_url"),
    ("http://exa%00mple.com/", "egress.bad_url"),
    ("http://example.com\x00.evil.example/", "egress.bad_url"),
    ("http://\ud800.example/", "egress.bad_url"),
    ("http://example.com/" + "a" * 9000, "egress.bad_url"),
    ("ftp://example.com/", "egress.scheme"),
    ("file:///etc/passwd", "egress.scheme"),
    ("gopher://127.0.0.1:6379/_INFO", "egress.scheme"),
    ("data:text/html,hi", "egress.scheme"),
    ("javascript:alert(1)", "egress.scheme"),
    ("ws://example.com/", "egress.scheme"),
    ("view-source:http://example.com/", "egress.scheme"),
]


@pytest.mark.parametrize("url", LOOPBACK)
def test_every_spelling_of_loopback_becomes_the_same_address(url: str) -> None:
    target = parse_target(url)
    assert (target.endpoint, str(target.address)) == ("127.0.0.1:80", "127.0.0.1")


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_a_url_that_cannot_be_fetched_is_refused_by_its_own_code(url: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_target(url)
    assert caught.value.code == code
    assert len(caught.value.message) < 400


def test_a_relative_link_is_read_from_where_it_stood() -> None:
    assert parse_target("../b?x#y", base="https://example.com/a/c/d").url == "https://example.com/a/b?x"


def test_an_international_name_is_asked_for_in_ascii() -> None:
    assert parse_target("https://BÜCHER.example./ä").authority == "xn--bcher-kva.example"


def test_an_ipv6_host_keeps_its_brackets_and_shortest_form() -> None:
    assert parse_target("http://[0:0::1]:8080/").endpoint == "[::1]:8080"


@pytest.mark.parametrize("text", ["no port at all/", "a\nb:80", "user@host:80", ""])
def test_a_text_that_is_no_endpoint_grants_nothing(text: str) -> None:
    assert parse_endpoint(text) is None
