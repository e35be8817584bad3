from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.errors import CallsheetError, Refused
from contracts.policy import FetchLimits, Policy
from egress.fetch import Egress
from egress.fetch_door import Fetched
from egress.resolve import SystemResolver
from egress.target import parse_target
from egress.transport import Door, PinnedTransport
from tests.egress.conftest import Serve
from tests.egress.site import ScriptedResolver, Site, answer, granted


@pytest_asyncio.fixture
async def site6() -> AsyncIterator[Site]:
    """A site on IPv6's loopback."""
    found = Site({"/": answer(b"six")})
    try:
        await found.start(address="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    yield found
    await found.stop()


async def test_ipv6_loopback_is_refused_until_it_is_granted(site6: Site, egress: Egress) -> None:
    url = site6.url(host="[::1]")
    with pytest.raises(Refused, match="not on the public internet"):
        await egress.fetch(url, policy=Policy(hosts=("*",)))
    assert site6.connections == 0
    page = await egress.fetch(url, policy=granted(site6.endpoint("[::1]")))
    assert (page.body, page.url) == (b"six", url)
    assert f"Host: [::1]:{site6.port}\r\n".encode() in site6.requests[0]


async def test_localhost_goes_to_whichever_loopback_was_granted(site6: Site, egress: Egress) -> None:
    policy = granted(site6.endpoint("[::1]"), hosts=["localhost"])
    page = await egress.fetch(site6.url(host="localhost"), policy=policy)
    assert page.body == b"six"


async def test_a_grant_of_one_loopback_does_not_open_the_other(site6: Site, egress: Egress) -> None:
    with pytest.raises(Refused):
        await egress.fetch(site6.url(host="[::1]"), policy=granted(site6.endpoint("127.0.0.1")))
    assert site6.connections == 0


async def test_the_next_address_is_tried_where_one_is_dead(serve: Serve) -> None:
    site = await serve({"/": answer(b"second")})
    endpoint = site.endpoint("two.test")
    egress = Egress(resolver=ScriptedResolver([["127.0.0.2", "127.0.0.1"]]))
    assert (await egress.fetch(f"http://{endpoint}/", policy=granted(endpoint))).body == b"second"


async def test_fetches_side_by_side_under_different_policies_share_no_connection(
    serve: Serve, egress: Egress
) -> None:
    both = asyncio.Event()

    async def wait(_: StreamReader, writer: StreamWriter) -> None:
        if site.connections == 2:
            both.set()
        await both.wait()
        writer.write(answer(b"x" * 2000, Connection="keep-alive"))

    site = await serve({"/": wait})
    wide, narrow = site.policy(), site.policy(limits=FetchLimits(decoded_bytes=1000))
    asked = [egress.fetch(site.url(), policy=p) for p in (wide, narrow, Policy(hosts=("*",)))]
    page, *failed = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(page, Fetched)
    assert [e.code for e in failed if isinstance(e, CallsheetError)] == [
        "egress.too_large",
        "egress.private_address",
    ]
    assert site.connections == 2


async def test_a_connection_is_not_used_twice(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"x", Connection="keep-alive")})
    for _ in range(2):
        await egress.fetch(site.url(), policy=site.policy())
    assert site.connections == 2
    assert all(b"\r\nConnection: close\r\n" in r for r in site.requests)


async def test_a_request_made_under_one_policy_has_no_passage_under_another(serve: Serve) -> None:
    site = await serve({"/": answer(b"in")})
    door = Door(SystemResolver())
    request = httpx.Request("GET", site.url())
    allowed = await PinnedTransport(door, site.policy()).handle_async_request(request)
    await allowed.aclose()
    with pytest.raises(Refused):
        await PinnedTransport(door, Policy(hosts=("*",))).handle_async_request(request)
    assert site.connections == 1


async def test_an_answer_gives_nobody_the_bare_connection(serve: Serve) -> None:
    site = await serve({"/": answer(b"x")})
    transport = PinnedTransport(Door(SystemResolver()), site.policy())
    found = await transport.handle_async_request(httpx.Request("GET", site.url()))
    assert set(found.extensions) == {"http_version", "reason_phrase"}
    await found.aclose()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"


async def test_a_chunked_body_with_extensions_and_trailers_is_its_chunks(
    serve: Serve, egress: Egress
) -> None:
    said = CHUNKED + b'5;name="v"\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-Late: 1\r\nHost: evil\r\n\r\n'
    site = await serve({"/": said})
    page = await egress.fetch(site.url(), policy=site.policy())
    assert (page.body, {"x-late", "host"} & set(page.headers)) == (b"hello world", set())


@pytest.mark.parametrize(
    "said",
    [
        CHUNKED + b"1\r\nx\r\n0\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(50_000)) + b"\r\n",
        CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"1\r\nxx\r\n0\r\n\r\n",
        CHUNKED + b"1" * 100 + b"\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw",
        b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
    ],
    ids=["trailers", "negative", "cut", "long", "huge", "coded", "upgrade", "folded"],
)
async def test_a_message_framed_wrongly_is_a_protocol_failure(
    serve: Serve, egress: Egress, said: bytes
) -> None:
    site = await serve({"/": said})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy())
    assert caught.value.code == "egress.protocol"


async def test_a_length_of_its_own_does_not_shorten_a_chunked_body(serve: Serve, egress: Egress) -> None:
    said = CHUNKED.replace(b"Trailer: X-Late", b"Content-Length: 1") + b"5\r\nhello\r\n0\r\n\r\n"
    site = await serve({"/": said})
    assert (await egress.fetch(site.url(), policy=site.policy())).body == b"hello"


async def test_what_follows_an_answer_is_not_part_of_it(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"one") + answer(b"two")})
    assert (await egress.fetch(site.url(), policy=site.policy())).body == b"one"


async def test_a_body_ends_with_its_connection_where_no_length_is_told(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": b"HTTP/1.0 200 OK\r\n\r\nuntil the end"})
    assert (await egress.fetch(site.url(), policy=site.policy())).body == b"until the end"


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified"), ("GET", "204 No Content")]
)
async def test_a_length_that_no_body_follows_is_no_promise(
    serve: Serve, egress: Egress, method: str, status: str
) -> None:
    site = await serve({"/": f"HTTP/1.1 {status}\r\nContent-Length: 99999999999\r\n\r\n".encode()})
    page = await egress.fetch(site.url(), policy=site.policy(), method=method)
    assert (page.status, page.body) == (int(status[:3]), b"")


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: ", "GÉT", "", "G T"])
async def test_a_method_that_is_no_word_is_never_sent(serve: Serve, egress: Egress, method: str) -> None:
    site = await serve({"/": answer()})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy(), method=method)
    assert (caught.value.code, site.requests) == ("egress.bad_header", [])


@pytest.mark.parametrize(
    "path", ["/50%off", "/a|b[c]^{d}", "/%2e%2e/%2E", "/ü?q=ü'\"<>", "//two//", "/?", "/a;b=c?d=e&&f"]
)
async def test_the_path_that_was_checked_is_the_path_that_is_sent(
    serve: Serve, egress: Egress, path: str
) -> None:
    site = await serve({})
    page = await egress.fetch(site.url(path), policy=site.policy())
    assert site.paths == [parse_target(page.url).path]
    assert site.paths == [parse_target(site.url(path)).path]


HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9_-]{1,12}(\.[a-z0-9-]{1,12}){0,3}", fullmatch=True),
    st.text(alphabet="aZ0x.-_~!$&'()*+,;={}\"`%ü。\u0661", min_size=1, max_size=12),
    st.ip_addresses(v=6).map(lambda a: f"[{a}]"),
    st.ip_addresses(v=4).map(str),
)


@given(
    host=HOSTS,
    port=st.integers(0, 65535),
    tail=st.text(max_size=20),
    scheme=st.sampled_from(["http", "https"]),
)
@example(host="shop.example", port=80, tail="100%/|^[]{}\\'\"?%zz|'", scheme="http")
def test_httpx_reads_a_checked_url_as_it_stands(host: str, port: int, tail: str, scheme: str) -> None:
    try:
        target = parse_target(f"{scheme}://{host}:{port}/{tail}")
        seen = httpx.URL(target.url)
    except (Refused, httpx.InvalidURL):
        return  # refused either way
    again = parse_target(str(seen))
    assert (again.endpoint, again.scheme, again.path) == (target.endpoint, target.scheme, target.path)


PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 301 M\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"Location: /\r\n", b"Location: http://[\r\n",
    b"Content-Length: 3\r\n", b"Content-Length: 999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/html; charset=\xff\r\n", b"Set-Cookie: \xfc=\x80\r\n", b"\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"abc", b"\x00", b"\x1f\x8b\x08",
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(said=st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=10).map(b"".join))
def test_whatever_a_server_says_a_fetch_ends_by_an_answer_or_a_code(said: bytes) -> None:
    async def ask() -> Fetched:
        site = Site({"/": said})
        await site.start()
        try:
            limits = FetchLimits(timeout_s=5, wire_bytes=100_000, redirects=2)
            return await Egress().fetch(site.url(), policy=site.policy(limits=limits))
        finally:
            await site.stop()

    with suppress(CallsheetError):
        assert asyncio.run(ask()).wire_bytes <= len(said) * 3
