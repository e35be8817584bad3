from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from contracts.policy import FetchLimits, Policy
from egress.proxy import Proxy
from egress.proxy_session import Session
from egress.reach import Reach
from egress.target import parse_target
from tests.egress.conftest import Serve
from tests.egress.site import ScriptedResolver, Site, answer, granted


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with Proxy(ScriptedResolver([["127.0.0.1"]])) as found:
        yield found


@asynccontextmanager
async def session(proxy: Proxy, site: Site, *, limits: FetchLimits | None = None) -> AsyncIterator[Session]:
    bounds = limits or FetchLimits()
    async with proxy.session(Reach.of(site.policy(), parse_target(site.url())), bounds) as found:
        yield found


async def say(proxy: Proxy, *lines: str, session: Session | None = None, body: bytes = b"") -> bytes:
    """Send one request, its head spelt by `lines`, and return all that comes back."""
    target = parse_target(proxy.url)
    reader, writer = await asyncio.open_connection(target.host, target.port)
    opened = [f"Proxy-Authorization: {session.credentials.decode()}"] if session else []
    writer.write("\r\n".join([*lines, *opened, "", ""]).encode() + body)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def get(proxy: Proxy, url: str, *, session: Session | None = None) -> bytes:
    return await say(proxy, f"GET {url} HTTP/1.1", f"Host: {parse_target(url).authority}", session=session)


async def test_a_request_goes_to_the_granted_site_and_its_answer_comes_back(
    proxy: Proxy, serve: Serve
) -> None:
    site = await serve(
        {"/a": answer(b"hello", X_Kept="1", Connection="keep-alive, x-dropped", X_Dropped="2")}
    )
    async with session(proxy, site) as own:
        said = await get(proxy, site.url("/a?b=1"), session=own)
    head, _, body = said.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"hello")
    assert b"x-kept: 1" in head
    assert b"x-dropped" not in head.lower()
    assert own.received.used > 5


async def test_the_sites_end_sees_no_credentials_and_no_hop_headers(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer()})
    lines = [
        f"GET {site.url()} HTTP/1.1",
        "Host: evil.example",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
    ]
    async with session(proxy, site) as own:
        await say(proxy, *lines, "Connection: X-Mine", "X-Mine: 1", "X-Kept: 1", session=own)
    head = site.requests[0].lower()
    assert f"host: 127.0.0.1:{site.port}\r\n".encode() in head
    assert b"x-kept: 1" in head
    assert not any(word in head for word in (b"proxy-", b"evil", b"x-mine", b"trailers"))


@pytest.mark.parametrize("form", ["GET {url} HTTP/1.1", "CONNECT {endpoint} HTTP/1.1"])
async def test_who_has_no_credentials_gets_nothing(proxy: Proxy, serve: Serve, form: str) -> None:
    site = await serve({"/": answer()})
    line = form.format(url=site.url(), endpoint=site.endpoint())
    async with session(proxy, site):
        without = await say(proxy, line, "Host: x")
        guessed = await say(proxy, line, "Host: x", "Proxy-Authorization: Basic dXNlcjpwYXNz")
    assert without.startswith(b"HTTP/1.1 407 ")
    assert guessed.startswith(b"HTTP/1.1 407 ")
    assert site.connections == 0


async def test_a_sessions_credentials_die_with_it(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer()})
    async with session(proxy, site) as old:
        pass
    assert (await get(proxy, site.url(), session=old)).startswith(b"HTTP/1.1 403 ")
    assert (site.connections, proxy.turned_away) == (0, {"127.0.0.1": 1})


@pytest.mark.parametrize(
    ("line", "code", "host"),
    [
        ("GET http://127.0.0.1:1/ HTTP/1.1", "egress.private_address", "127.0.0.1"),
        ("GET http://0x7f.1:1/ HTTP/1.1", "egress.private_address", "127.0.0.1"),
        ("GET http://elsewhere.example/ HTTP/1.1", "egress.host_not_allowed", "elsewhere.example"),
        ("GET https://elsewhere.example/ HTTP/1.1", "egress.scheme", "elsewhere.example"),
        ("GET http://u:p@elsewhere.example/ HTTP/1.1", "egress.bad_url", "http://u:p@elsewhere.example/"),
        ("GET /relative HTTP/1.1", "egress.bad_url", "relative"),
        ("CONNECT [::1]:443 HTTP/1.1", "egress.private_address", "::1"),
        ("CONNECT 169.254.169.254:80 HTTP/1.1", "egress.private_address", "169.254.169.254"),
        ("CONNECT elsewhere.example:443 HTTP/1.1", "egress.host_not_allowed", "elsewhere.example"),
        ("CONNECT a.example/x:443 HTTP/1.1", "egress.bad_url", "a.example"),
        ("CONNECT nowhere HTTP/1.1", "egress.bad_url", "nowhere"),
    ],
)
async def test_what_is_out_of_reach_is_refused_marked_and_counted(
    proxy: Proxy, serve: Serve, line: str, code: str, host: str
) -> None:
    site = await serve({})
    async with session(proxy, site) as own:
        said = await say(proxy, line, "Host: whatever", session=own)
    assert said.startswith(b"HTTP/1.1 403 ")
    assert code.encode() in said
    assert own.mark.encode() in said
    assert (dict(own.refused), site.connections) == ({host: 1}, 0)


async def test_a_site_cannot_forge_the_proxys_own_mark(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer(X_Callsheet_Door="forged")})
    async with session(proxy, site) as own:
        assert b"forged" not in await get(proxy, site.url(), session=own)


async def test_a_second_request_on_the_connection_is_never_read(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer(b"one"), "/two": answer(b"two")})
    second = f"GET {site.url('/two')} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    async with session(proxy, site) as own:
        lines = [f"GET {site.url()} HTTP/1.1", "Host: x"]
        said = await say(proxy, *lines, session=own, body=second)
    assert (site.paths, b"two" in said) == (["/"], False)


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Transfer-Encoding: chunked, identity"],
    ],
)
async def test_a_request_of_two_minds_about_its_length_is_dropped(
    proxy: Proxy, serve: Serve, framing: list[str]
) -> None:
    site = await serve({"/": answer()})
    async with session(proxy, site) as own:
        said = await say(
            proxy, f"POST {site.url()} HTTP/1.1", "Host: x", *framing, session=own, body=b"hello"
        )
    assert (said, site.requests) == (b"", [])


async def test_a_posted_body_is_carried_and_capped(proxy: Proxy, serve: Serve) -> None:
    got = bytearray()

    async def keep(reader: StreamReader, writer: StreamWriter) -> None:
        got.extend(await reader.readexactly(5))
        writer.write(answer())

    site = await serve({"/": keep})
    lines = [f"POST {site.url()} HTTP/1.1", "Host: x"]
    async with session(proxy, site) as own:
        await say(proxy, *lines, "Content-Length: 5", session=own, body=b"hello")
        own.sent.limit = 100
        refused = await say(proxy, *lines, "Content-Length: 500", session=own, body=b"x" * 500)
    assert refused.startswith(b"HTTP/1.1 502 ")
    assert (bytes(got), site.paths) == (b"hello", ["/"])


async def test_a_flood_of_header_bytes_is_dropped(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer()})
    async with session(proxy, site) as own:
        try:
            said = await say(proxy, f"GET {site.url()} HTTP/1.1", "X: " + "y" * 200_000, session=own)
        except ConnectionResetError:
            said = b""
    assert (said, site.requests) == (b"", [])


async def test_a_tunnel_carries_bytes_both_ways(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": answer(b"through")})
    inner = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    async with session(proxy, site) as own:
        said = await say(proxy, f"CONNECT {site.endpoint()} HTTP/1.1", "Host: x", session=own, body=inner)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"\r\n\r\nthrough")
    assert (own.sent.used, own.received.used > 7) == (len(inner), True)


@pytest.mark.parametrize("form", ["GET {url} HTTP/1.1", "CONNECT {endpoint} HTTP/1.1"])
async def test_bytes_beyond_the_sessions_cap_cut_it_off(proxy: Proxy, serve: Serve, form: str) -> None:
    site = await serve({"/": answer(b"x" * 3_000_000)})
    line = form.format(url=site.url(), endpoint=site.endpoint())
    inner = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" if line.startswith("CONNECT") else b""
    async with session(proxy, site, limits=FetchLimits(wire_bytes=100_000)) as own:
        said = await say(proxy, line, "Host: x", session=own, body=inner)
        after = await get(proxy, site.url(), session=own)
    assert (len(said) < 300_000, own.is_spent) == (True, True)
    assert after.startswith(b"HTTP/1.1 502 ")
    assert own.failures[site.endpoint()].code == "egress.too_large"


async def test_an_answer_that_is_no_http_is_a_bad_gateway(proxy: Proxy, serve: Serve) -> None:
    site = await serve({"/": b"SSH-2.0-nonsense\r\n\r\n"})
    async with session(proxy, site) as own:
        said = await get(proxy, site.url(), session=own)
    assert said.startswith(b"HTTP/1.1 502 ")
    assert own.failures[site.endpoint()].code == "egress.protocol"


async def test_a_dead_site_is_a_bad_gateway(proxy: Proxy, serve: Serve) -> None:
    site = await serve({})
    await site.stop()
    async with session(proxy, site) as own:
        assert (await get(proxy, site.url(), session=own)).startswith(b"HTTP/1.1 502 ")
    assert own.failures[site.endpoint()].code == "egress.connect"


async def test_a_sessions_end_hangs_up_what_is_under_way(proxy: Proxy, serve: Serve) -> None:
    gone, asked = asyncio.Event(), asyncio.Event()

    async def wait(reader: StreamReader, _: StreamWriter) -> None:
        asked.set()
        await reader.read()
        gone.set()

    site = await serve({"/": wait})
    async with session(proxy, site) as own:
        request = asyncio.create_task(get(proxy, site.url(), session=own))
        await asked.wait()
    async with asyncio.timeout(5):
        await gone.wait()
    await asyncio.gather(request, return_exceptions=True)


async def test_each_connection_asks_dns_anew_and_is_checked_anew(serve: Serve) -> None:
    resolver = ScriptedResolver([["127.0.0.1"], ["169.254.169.254"]])
    site = await serve({"/": answer(b"once")})
    endpoint = site.endpoint("rebind.test")
    policy: Policy = granted(endpoint)
    async with Proxy(resolver) as proxy:
        reach = Reach.of(policy, parse_target(f"http://{endpoint}/"))
        async with proxy.session(reach, FetchLimits()) as own:
            first = await get(proxy, f"http://{endpoint}/", session=own)
            second = await get(proxy, f"http://{endpoint}/", session=own)
    assert first.endswith(b"once")
    assert b"egress.private_address" in second
    assert (resolver.asked, site.connections) == ([endpoint, endpoint], 1)
