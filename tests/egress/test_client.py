from __future__ import annotations

import asyncio
import gzip
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

import httpx
import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, InvalidInput, Refused
from contracts.policy import FetchLimits, Policy
from egress.fetch import Egress
from tests.egress.conftest import Serve
from tests.egress.site import Behaviour, ScriptedResolver, Site, answer, granted, pause, redirect
from tests.egress.test_bounds import MIB, bomb, forget_peak, peak_kib

ANYWHERE = Policy(hosts=("*",))


async def failure(
    egress: Egress, site: Site, *, policy: Policy | None = None, url: str = "", **limits: float
) -> CallsheetError:
    bounds = FetchLimits.model_validate({"timeout_s": 20.0} | limits)
    async with egress.client(policy or site.policy(), limits=bounds) as client:
        with pytest.raises(CallsheetError) as caught:
            await client.get(url or site.url())
    return caught.value


async def test_an_answer_is_read_the_way_httpx_reads_any(serve: Serve, egress: Egress) -> None:
    site = await serve({"/v1": answer(b'{"a": [1]}', kind="application/json")})
    async with egress.client(site.policy()) as client:
        found = await client.post(site.url("/v1"), json={"q": "x"}, headers={"Authorization": "Bearer k"})
    assert (found.status_code, found.json(), found.http_version) == (200, {"a": [1]}, "HTTP/1.1")
    head = site.requests[0].lower()
    assert b"authorization: bearer k\r\n" in head
    assert b"content-length: 9\r\n" in head
    assert b"user-agent: callsheet/0.1\r\n" in head


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:{port}/", "egress.private_address"),
        ("http://0x7f.1:{port}/", "egress.private_address"),
        ("http://[::1]:{port}/", "egress.private_address"),
        ("http://localhost:{port}/", "egress.private_address"),
        ("http://rebind.example:{port}/", "egress.private_address"),
        ("http://169.254.169.254/latest/meta-data/", "egress.private_address"),
        ("http://rebind.example:22/", "egress.bad_port"),
        ("http://user:pass@rebind.example/", "egress.bad_url"),
        ("ftp://rebind.example/", "egress.scheme"),
    ],
)
async def test_a_client_is_refused_what_a_fetch_is(serve: Serve, url: str, code: str) -> None:
    site = await serve({"/": answer()})
    egress = Egress(resolver=ScriptedResolver([["127.0.0.1"]]))
    refused = await failure(egress, site, policy=ANYWHERE, url=url.format(port=site.port))
    assert isinstance(refused, Refused)
    assert (refused.code, site.connections, egress.counts.refused) == (code, 0, 1)


async def test_a_client_is_refused_a_host_nobody_named(serve: Serve, egress: Egress) -> None:
    refused = await failure(egress, await serve({}), url="http://elsewhere.example/")
    assert refused.code == "egress.host_not_allowed"


async def test_a_redirect_is_not_followed_unless_asked_for(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("/b"), "/b": answer(b"there")})
    async with egress.client(site.policy()) as client:
        assert (await client.get(site.url())).status_code == 302
        followed = await client.get(site.url(), follow_redirects=True)
    assert (followed.content, site.paths) == (b"there", ["/", "/", "/b"])


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("http://169.254.169.254/latest/", "egress.private_address"),
        ("//0x7f.1:1/", "egress.private_address"),
        ("http://elsewhere.example/", "egress.host_not_allowed"),
        ("http://u:p@127.0.0.1/", "egress.bad_url"),
    ],
)
async def test_a_redirect_that_httpx_follows_is_checked_as_a_first_request_is(
    serve: Serve, egress: Egress, to: str, code: str
) -> None:
    site = await serve({"/": redirect(to)})
    async with egress.client(site.policy()) as client:
        with pytest.raises(Refused) as caught:
            await client.get(site.url(), follow_redirects=True)
    assert caught.value.code == code


async def test_a_granted_host_is_closed_to_a_redirect_from_another(serve: Serve) -> None:
    inner = await serve({"/": answer(b"inner")})
    outer = await serve({"/": redirect(inner.url())})
    policy = granted(outer.endpoint("outer.test"), inner.endpoint())
    egress = Egress(resolver=ScriptedResolver([["127.0.0.1"]]))
    async with egress.client(policy) as client:
        with pytest.raises(Refused, match="not granted here"):
            await client.get(outer.url(host="outer.test"), follow_redirects=True)
        assert inner.connections == 0
        assert (await client.get(inner.url())).content == b"inner"


async def test_no_secret_follows_a_redirect_to_another_origin(serve: Serve) -> None:
    other = await serve({"/": answer(b"there")})
    site = await serve({"/": redirect(other.url(host="site.test"))})
    policy = granted(site.endpoint("site.test"), other.endpoint("site.test"))
    secrets = {
        "Authorization": "Bearer s3cret",
        "X-Api-Key": "s3cret",
        "Cookie": "s3cret=1",
        "X-Other": "kept",
    }
    egress = Egress(resolver=ScriptedResolver([["127.0.0.1"]]))
    async with egress.client(policy) as client:
        await client.get(site.url(host="site.test"), headers=secrets, follow_redirects=True)
    assert site.requests[0].count(b"s3cret") == 3
    assert (b"s3cret" in other.requests[0], b"kept" in other.requests[0]) == (False, True)


async def test_redirects_end_at_the_policys_cap(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("/")})
    async with egress.client(site.policy(limits=FetchLimits(redirects=3))) as client:
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(site.url(), follow_redirects=True)
    assert len(site.requests) == 4


async def test_redirects_share_the_bytes_and_the_time_of_one_request(serve: Serve, egress: Egress) -> None:
    async def slow(_: StreamReader, writer: StreamWriter) -> None:
        await pause(0.1)
        writer.write(redirect("/slow"))

    padded = redirect("/").replace(b"Content-Type", b"X-Pad: " + b"p" * 4000 + b"\r\nContent-Type")
    site = await serve({"/": padded, "/slow": slow})
    limits = FetchLimits(wire_bytes=10_000, timeout_s=0.35, redirects=50)
    async with egress.client(site.policy(limits=limits)) as client:
        with pytest.raises(AttemptFailed, match="exceeds 10000 bytes on the wire"):
            await client.get(site.url(), follow_redirects=True)
        with pytest.raises(AttemptTimedOut):
            await client.get(site.url("/slow"), follow_redirects=True)


async def test_each_request_has_bytes_and_time_of_its_own(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"x" * 6000)})
    async with egress.client(site.policy(limits=FetchLimits(wire_bytes=10_000))) as client:
        sizes = [len((await client.get(site.url())).content) for _ in range(3)]
    assert sizes == [6000] * 3


async def test_a_client_keeps_no_cookie(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"", Set_Cookie="id=1; Path=/")})
    async with egress.client(site.policy()) as client:
        for _ in range(2):
            await client.get(site.url())
        assert not client.cookies
    assert not any(b"cookie" in r.lower() for r in site.requests)


async def test_a_client_asks_no_proxy_of_the_environment(
    serve: Serve, egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, proxy = await serve({"/": answer(b"direct")}), await serve({})
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url())
    async with egress.client(site.policy()) as client:
        assert (await client.get(site.url())).content == b"direct"
    assert proxy.connections == 0


async def test_the_host_a_caller_claims_is_not_the_one_that_is_sent(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer()})
    claimed = {
        "Host": "internal.example",
        "Connection": "keep-alive, x-a",
        "Upgrade": "h2c",
        "TE": "trailers",
    }
    async with egress.client(site.policy()) as client:
        await client.get(site.url(), headers=claimed)
    lines = site.requests[0].lower().split(b"\r\n")
    assert f"host: {site.endpoint()}".encode() in lines
    assert b"connection: close" in lines
    assert not any(word in site.requests[0] for word in (b"internal", b"h2c", b"trailers"))


async def test_a_coded_answer_is_undone_and_its_size_forgotten(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(gzip.compress(b"hello" * 1000), Content_Encoding="gzip")})
    async with egress.client(site.policy()) as client:
        found = await client.get(site.url())
    assert found.content == b"hello" * 1000
    assert not {"content-encoding", "content-length"} & set(found.headers)


async def test_a_gzip_bomb_costs_a_client_its_cap_and_no_more(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(bomb(300 * MIB), Content_Encoding="gzip")})
    forget_peak()
    before = peak_kib()
    failed = await failure(egress, site, decoded_bytes=4 * MIB)
    assert (failed.code, failed.data["measured"]) == ("egress.too_large", "when decoded")
    assert peak_kib() - before < 16 * 1024


async def test_a_coding_httpx_knows_and_the_door_does_not_is_a_protocol_failure(
    serve: Serve, egress: Egress
) -> None:
    site = await serve({"/": answer(b"x", Content_Encoding="br")})
    assert (await failure(egress, site)).code == "egress.protocol"


async def test_a_flood_meets_the_wire_cap_of_a_client(serve: Serve, egress: Egress) -> None:
    async def flood(_: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(MIB))
            await writer.drain()

    failed = await failure(egress, await serve({"/": flood}), wire_bytes=MIB)
    assert (failed.code, failed.data["measured"]) == ("egress.too_large", "on the wire")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(2000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 300 + b"\r\n",
    ],
    ids=["many", "long", "cookies"],
)
async def test_a_flood_of_headers_is_a_protocol_failure_for_a_client(
    serve: Serve, egress: Egress, said: bytes
) -> None:
    assert (await failure(egress, await serve({"/": said}))).code == "egress.protocol"


async def test_a_stream_that_drips_ends_at_the_deadline_while_it_is_read(
    serve: Serve, egress: Egress
) -> None:
    async def drip(_: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await pause(0.02)

    site = await serve({"/": drip})
    got = bytearray()

    async def read(response: httpx.Response) -> None:
        async for chunk in response.aiter_bytes():
            got.extend(chunk)

    client = egress.client(site.policy(limits=FetchLimits(timeout_s=0.3)))
    async with client, client.stream("GET", site.url()) as response:
        with pytest.raises(AttemptTimedOut) as caught:
            await read(response)
    assert (caught.value.code, caught.value.data["elapsed_s"] >= 0.25) == ("egress.timeout", True)
    assert got.startswith(b"..")


async def silence(reader: StreamReader, _: StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("said", [silence, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"])
async def test_a_shorter_timeout_of_the_callers_holds_too(
    serve: Serve, egress: Egress, said: bytes | Behaviour
) -> None:
    async def stall(reader: StreamReader, writer: StreamWriter) -> None:
        if isinstance(said, bytes):
            writer.write(said)
        await silence(reader, writer)

    site = await serve({"/": stall})
    async with egress.client(site.policy()) as client:
        with pytest.raises(AttemptTimedOut, match=r"nothing came for 0\.1 s"):
            await client.get(site.url(), timeout=0.1)


async def test_an_upload_that_never_comes_ends_at_the_deadline(serve: Serve, egress: Egress) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    site = await serve({"/": silence})
    async with egress.client(site.policy(limits=FetchLimits(timeout_s=0.2))) as client:
        with pytest.raises(AttemptTimedOut):
            await client.post(site.url(), content=never())


async def test_an_upload_in_pieces_arrives_whole(serve: Serve, egress: Egress) -> None:
    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(answer(await reader.readuntil(b"0\r\n\r\n")))

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"three"

    site = await serve({"/": echo})
    async with egress.client(site.policy()) as client:
        found = await client.post(site.url(), content=pieces())
    assert found.content == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
    assert b"transfer-encoding: chunked" in site.requests[0].lower()


@pytest.mark.parametrize("headers", [{"x": "a\r\nHost: evil"}, {"a b": "c"}])
async def test_a_header_that_would_break_the_request_is_never_sent(
    serve: Serve, egress: Egress, headers: dict[str, str]
) -> None:
    site = await serve({"/": answer()})
    async with egress.client(site.policy()) as client:
        with pytest.raises(InvalidInput) as caught:
            await client.get(site.url(), headers=headers)
    assert (caught.value.code, site.requests) == ("egress.bad_header", [])


async def test_a_dead_port_fails_a_client_by_its_code(serve: Serve, egress: Egress) -> None:
    site = await serve({})
    await site.stop()
    failed = await failure(egress, site)
    assert (failed.code, failed.retryable) == ("egress.connect", True)


async def test_an_answer_left_unread_hangs_up_when_it_is_closed(serve: Serve, egress: Egress) -> None:
    gone = asyncio.Event()

    async def wait(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        await reader.read()
        gone.set()

    site = await serve({"/": wait})
    async with egress.client(site.policy()) as client, client.stream("GET", site.url()) as response:
        assert response.status_code == 200
    async with asyncio.timeout(5):
        await gone.wait()


async def test_what_a_client_moves_is_counted_with_the_fetches(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"x" * 1000)})
    async with egress.client(site.policy()) as client:
        await client.get(site.url())
    page = await egress.fetch(site.url(), policy=site.policy())
    assert (egress.counts.requests, egress.counts.wire_bytes) == (2, 2 * page.wire_bytes)
